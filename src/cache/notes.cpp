#include "notes.hpp"

#include "scripts.hpp"

namespace larder::cache {

namespace {

// The simulation is built without the library's JSON.
std::string quoted(std::string_view text) {
    std::string all = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') all += '\\';
        all += c >= 0 && c < ' ' ? ' ' : c;
    }
    return all + '"';
}

}  // namespace

std::string sign_of(const std::vector<std::string>& families) {
    return "larder:followed:" + (families.empty() ? std::string{} : families.front());
}

std::string text_of_sign(const followed_how& how) {
    return "{\"by\":" + quoted(how.by) + ",\"since_ms\":" + std::to_string(how.since.count()) +
           ",\"late_ms\":" + std::to_string(how.late.count()) + '}';
}

std::string purge_note_of(std::string_view family) {
    return '{' + marks_of(family).front() + "}:purged";
}

valkey::command note_of_purge(std::string_view family, std::string_view why) {
    return {"SET", purge_note_of(family), "{\"why\":" + quoted(why) + '}', "PX",
            std::to_string(purge_note_lives.count())};
}

}  // namespace larder::cache
