// Notes that only their own person reads, by a bearer token, or a team, by a header. An operator
// takes tokens away, by a key that is in NOTEBOOK_OPERATOR_KEY. PG_DATABASE on PG_SERVICE_URI has
// the tables
//
//     CREATE TABLE tokens (digest text PRIMARY KEY, person text NOT NULL,
//                          may_write boolean NOT NULL)
//     CREATE TABLE notes (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, person text NOT NULL,
//                         text text NOT NULL, place jsonb)
//     CREATE TABLE mottos (language text PRIMARY KEY, text text NOT NULL)
#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/app.hpp"
#include "larder/docs.hpp"
#include "larder/program.hpp"
#include "larder/secret.hpp"
#include "larder/transaction.hpp"

namespace notebook {

using larder::awaitable;
using larder::services;
namespace pg = larder::pg;

// ---- who asks ----

/// What a step hands to the handler behind it.
struct caller {
    std::string person;
    bool may_write = false;
};
BOOST_DESCRIBE_STRUCT(caller, (), (person, may_write))

struct which_token {
    std::string digest;
};
BOOST_DESCRIBE_STRUCT(which_token, (), (digest))
constexpr larder::docs describe(const which_token*) {
    return {
        .summary = "Take a token away",
        .text = "It is refused from the moment of the answer.",
        .members = {{"digest", "The SHA-256 of the token, in hexadecimal digits.", R"("0f…")"}}};
}

/// token:<digest>
constexpr larder::cache::key tokens{"token", larder::cache::depends_on{"tokens", "digest"}};

constexpr pg::statement find_token{"SELECT person, may_write FROM tokens WHERE digest = $1", true};

awaitable<std::optional<caller>> read_token(services& at, which_token which) {
    auto found = co_await at.db.maybe<caller>(find_token, which.digest);
    co_return found;
}
constexpr auto get_caller = read_token | larder::cached(tokens(&which_token::digest));

// Of a token only the digest is kept: who reads the table, or the keys in Valkey, learns no token.
awaitable<std::optional<caller>> find_caller(services& at, std::string token) {
    const which_token its_digest{larder::digest_of_secret(token)};
    auto found = co_await get_caller(at, its_digest);
    co_return found;
}

awaitable<std::optional<caller>> find_writer(services& at, std::string token) {
    auto found = co_await find_caller(at, std::move(token));
    if (found && !found->may_write) throw larder::http::error(403, "This token is for reading");
    co_return found;
}

constexpr auto signed_in = larder::bearer_token(find_caller);
constexpr auto writer = larder::bearer_token(find_writer);

struct staff {
    std::string role;
};
BOOST_DESCRIBE_STRUCT(staff, (), (role))

// Compared in a time that does not tell how much of it was right.
awaitable<std::optional<staff>> find_operator(services&, std::string key) {
    const char* const known = std::getenv("NOTEBOOK_OPERATOR_KEY");
    if (!known || !larder::is_same_secret(key, known)) co_return std::nullopt;
    co_return staff{"operator"};
}

constexpr auto operators = larder::api_key("x-operator-key", find_operator);

// A team is said by a header, which a proxy in front of the service sets.
struct which_team {
    larder::from_header<std::string> x_team;
};
BOOST_DESCRIBE_STRUCT(which_team, (), (x_team))

awaitable<caller> find_team(services&, which_team which) {
    if (which.x_team->empty()) throw larder::http::error(403, "This is no team");
    co_return caller{.person = "team " + *which.x_team};
}

// ---- notes ----

struct which_notes {
    larder::from_caller<std::string> person;
};
BOOST_DESCRIBE_STRUCT(which_notes, (), (person))
constexpr larder::docs describe(const which_notes*) {
    return {.summary = "One's own notes",
            .text = "From the cache or from PostgreSQL.",
            .members = {{"person", "Who asks."}}};
}

struct place {
    std::string name;
    std::optional<std::string> city;
};
BOOST_DESCRIBE_STRUCT(place, (), (name, city))

struct note {
    std::int32_t id = 0;
    std::string text;
    std::optional<notebook::place> place;
};
BOOST_DESCRIBE_STRUCT(note, (), (id, text, place))

struct note_list {
    std::string person;
    std::vector<note> notes;
};
BOOST_DESCRIBE_STRUCT(note_list, (), (person, notes))

struct new_note {
    larder::from_caller<std::string> person;
    std::string text;
    std::optional<notebook::place> place;
};
BOOST_DESCRIBE_STRUCT(new_note, (), (person, text, place))
constexpr larder::docs describe(const new_note*) {
    return {.summary = "Write a note",
            .text = "For oneself.",
            .members = {{"person", "Who asks."},
                        {"text", "What it says.", R"("Buy milk")"},
                        {"place", "Where it is of use."}}};
}

/// notes:<person>
constexpr larder::cache::key notes{"notes", larder::cache::depends_on{"notes", "person"}};

constexpr pg::statement find_notes{
    "SELECT id, text, place FROM notes WHERE person = $1 ORDER BY id", true};
constexpr pg::statement add_note{
    "INSERT INTO notes (person, text, place) VALUES ($1, $2, nullif($3::jsonb, 'null'))"
    " RETURNING id, text, place"};
constexpr pg::statement remove_token{"DELETE FROM tokens WHERE digest = $1"};

awaitable<note_list> list_notes(services& at, which_notes which) {
    auto found = co_await at.db.many<note>(find_notes, which.person);
    co_return note_list{*which.person, std::move(found)};
}

// It says where all of them are (RFC 8288).
awaitable<larder::with_headers<note>> write_note(services& at, new_note n) {
    larder::with_headers<note> written;
    const auto place = larder::json::text(n.place);
    written.value = co_await at.db.one<note>(add_note, n.person, n.text, place);
    written.headers.emplace_back("link", "</notes>; rel=\"collection\"");
    co_return written;
}

awaitable<larder::no_content> take_away(services& at, which_token which) {
    const auto done = co_await at.db.execute(remove_token, which.digest);
    if (done.affected() == 0) throw larder::http::error(404, "There is no such token");
    co_return larder::no_content{};
}

// ---- a header ----

enum class language_code { en, de };
BOOST_DESCRIBE_ENUM(language_code, en, de)

struct which_motto {
    larder::from_header<std::optional<language_code>> x_language;
};
BOOST_DESCRIBE_STRUCT(which_motto, (), (x_language))
constexpr larder::docs describe(const which_motto*) {
    return {.summary = "The motto",
            .text = "In any language if none is asked for.",
            .members = {{"x_language", "The language of the answer.", R"("de")"}}};
}

struct motto {
    language_code language{};
    std::string text;
};
BOOST_DESCRIBE_STRUCT(motto, (), (language, text))

/// motto:<language>, and motto:all if none is asked for.
constexpr larder::cache::key mottos{"motto", larder::cache::depends_on{"mottos", "language"}};

constexpr pg::statement find_motto{
    "SELECT language, text FROM mottos WHERE language = coalesce($1, language)"
    " ORDER BY language LIMIT 1",
    true};

awaitable<std::optional<motto>> get_motto(services& at, which_motto which) {
    return at.db.maybe<motto>(find_motto, which.x_language);
}

struct in_language {
    language_code language{};
};
BOOST_DESCRIBE_STRUCT(in_language, (), (language))
constexpr pg::statement find_languages{"SELECT DISTINCT language FROM mottos", true};

// Who has written mottos says so, NOTIFY mottos_written, and they are asked for anew. The same when
// it begins to listen, as that may have been missed.
awaitable<void> forget_mottos(services& at, pg::notification) {
    auto change = co_await larder::transaction::begin(at);
    const auto all = co_await change.many<in_language>(find_languages);
    for (const auto& one : all) change.breaks(mottos, one.language);
    co_await change.commit();
}

void add_routes(larder::app& at) {
    using larder::before, larder::cached, larder::invalidates;
    at.get("/notes", list_notes | cached(notes(&which_notes::person)) | before(signed_in));
    at.post("/notes", write_note | invalidates(notes(&new_note::person)) | before(writer));
    at.get("/team/notes", list_notes | cached(notes(&which_notes::person)) | before(find_team));
    at.del("/tokens/{digest}",
           take_away | invalidates(tokens(&which_token::digest)) | before(operators));
    at.reads(tokens);

    at.get("/motto", get_motto | cached(mottos(&which_motto::x_language)));
    at.hears("mottos_written", forget_mottos);
}

}  // namespace notebook

int main(int argc, char** argv) {
    return larder::program::run({.name = "notebook",
                                 .version = "0.1.0",
                                 .summary = "Keeps people's notes, for themselves.",
                                 .about = "Notes that only their own person reads.",
                                 .entry = "a list of notes",
                                 .database = "notebook",
                                 .add_routes = notebook::add_routes},
                                argc, argv);
}
