#include "standing.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "cache/notes.hpp"
#include "larder/json.hpp"
#include "valkey/asker.hpp"

namespace larder::follow {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using lines = std::vector<std::string>;

namespace {

// What note_of_purge() writes.
struct purge_note {
    std::string why;
};
BOOST_DESCRIBE_STRUCT(purge_note, (), (why))

task<std::vector<valkey::reply>> ask(valkey::asker& by, std::vector<valkey::command> questions) {
    co_await by.connect();
    co_return co_await by.client().call(std::move(questions), valkey::urgency::background);
}

template <class T>
std::optional<T> read(std::string_view text) {
    const auto parsed = json::parse(text);
    const auto* root = std::get_if<json::node>(&parsed);
    T all;
    if (!root || !json::read(*root, all)) return std::nullopt;
    return all;
}

std::string time_before(milliseconds ago) {
    const auto then = std::chrono::system_clock::to_time_t(
        std::chrono::system_clock::now() -
        std::chrono::duration_cast<std::chrono::system_clock::duration>(ago));
    std::tm parts{};
    gmtime_r(&then, &parts);
    std::string text(32, '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%SZ", &parts));
    return text;
}

std::string line_of_sign(const valkey::reply& found, std::chrono::seconds unfollowed) {
    if (found.is != valkey::reply::kind::text)
        return "Valkey knows of nobody who follows, so entries are believed for " +
               std::to_string(unfollowed.count()) + " s";
    const auto one = read_sign(found.text);
    if (!one) return "Valkey knows that an instance of another version follows";
    return "followed since " + time_before(milliseconds{one->since_ms}) + " by " + one->by +
           ", writes are told at most " + std::to_string(one->late_ms) + " ms late";
}

std::string line_of_purge(const std::string& family, const valkey::reply& left,
                          const valkey::reply& found) {
    const auto one = read<purge_note>(found.text);
    std::int64_t milliseconds_left = 0;
    const auto& text = left.text;
    std::from_chars(text.data(), text.data() + text.size(), milliseconds_left);
    if (!one || milliseconds_left <= 0) return "Valkey knows of no purge of " + family;
    const auto ago = cache::purge_note_lives - milliseconds{milliseconds_left};
    return "all entries of " + family + " were deleted last at " + time_before(ago) + ", as " +
           one->why;
}

}  // namespace

std::optional<sign> read_sign(std::string_view text) { return read<sign>(text); }

asio::awaitable<lines> standing_in_valkey(asio::any_io_executor executor,
                                          valkey::client_options server, lines families,
                                          std::string declared, std::chrono::seconds unfollowed) {
    valkey::asker by{executor, server};
    std::vector<valkey::command> questions;
    questions.push_back({"GET", cache::sign_of(families, declared)});
    for (const auto& one : families) {
        questions.push_back({"PTTL", cache::purge_note_of(one)});
        questions.push_back({"GET", cache::purge_note_of(one)});
    }
    auto asking = as_awaitable(by.home(), ask(by, std::move(questions)));
    const auto said = co_await std::move(asking);
    co_await asio::post(asio::use_awaitable);  // it goes on within `by`, which ends here
    lines all;
    for (const auto& one : said) {
        if (one.succeeded()) continue;
        all.push_back(
            "Valkey at " + server.server.address() + " does not " +
            (one.was_answered() ? "allow what is asked" : "answer") +
            ", so since when it is followed, and when entries were deleted, is not known");
        co_return all;
    }
    all.push_back(line_of_sign(said.front(), unfollowed));
    for (std::size_t i = 0; i < families.size(); ++i)
        all.push_back(line_of_purge(families[i], said[1 + 2 * i], said[2 + 2 * i]));
    co_return all;
}

}  // namespace larder::follow
