#include "notes.hpp"

#include <utility>

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

std::string first_of(const std::vector<std::string>& families) {
    return families.empty() ? std::string{} : families.front();
}

// Not among the service's scripts, as nothing depends on it. No command of those that the service
// needs reads a set.
constexpr auto add_name = R"(
local found = redis.call('TYPE', KEYS[1]).ok
if found ~= 'string' and found ~= 'none' then redis.call('DEL', KEYS[1]) end
local all, left = ARGV[1] .. '\n', tonumber(ARGV[2]) - 1
for name in string.gmatch(redis.call('GET', KEYS[1]) or '', '[^\n]+') do
    if name ~= ARGV[1] and left > 0 then
        all = all .. name .. '\n'
        left = left - 1
    end
end
redis.call('SET', KEYS[1], all, 'PX', ARGV[3])
return 1
)";

}  // namespace

std::string sign_of(const std::vector<std::string>& families, std::string_view declared) {
    return "larder:followed:" + first_of(families) + ':' + std::string{declared};
}

std::string text_of_sign(const followed_how& how) {
    return "{\"by\":" + quoted(how.by) + ",\"since_ms\":" + std::to_string(how.since.count()) +
           ",\"late_ms\":" + std::to_string(how.late.count()) + '}';
}

std::string instances_of(const std::vector<std::string>& families) {
    return "larder:instances:" + first_of(families);
}

std::string instance_key(const std::vector<std::string>& families, std::string_view name) {
    return "larder:instance:" + first_of(families) + ':' + std::string{name};
}

std::vector<valkey::command> notes_of_instance(const std::vector<std::string>& families,
                                               std::string_view name, std::string text) {
    constexpr std::chrono::milliseconds list_lives = std::chrono::hours{1};
    std::vector<valkey::command> both;
    both.push_back({"SET", instance_key(families, name), std::move(text), "PX",
                    std::to_string(instance_lives.count())});
    both.push_back({"EVAL", add_name, "1", instances_of(families), std::string{name},
                    std::to_string(most_instances), std::to_string(list_lives.count())});
    return both;
}

std::string purge_note_of(std::string_view family) {
    return '{' + marks_of(family).front() + "}:purged";
}

valkey::command note_of_purge(std::string_view family, std::string_view why) {
    return {"SET", purge_note_of(family), "{\"why\":" + quoted(why) + '}', "PX",
            std::to_string(purge_note_lives.count())};
}

}  // namespace larder::cache
