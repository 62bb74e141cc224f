// Who asks is known before a handler runs, and what he alone may read is kept for him alone: the
// example notebook, by two bearer tokens and a key.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/secret.hpp"
#include "support/eventually.hpp"
#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::string_literals;

constexpr std::string_view key = "a long and random key";

struct notebook : store_test {
    notebook() {
        env["PG_DATABASE"] = servers.store.database();
        env["NOTEBOOK_OPERATOR_KEY"] = key;
        sql("DROP TABLE IF EXISTS tokens, notes, mottos;"
            " CREATE TABLE tokens (digest text PRIMARY KEY, person text NOT NULL, may_write boolean"
            "  NOT NULL);"
            " CREATE TABLE notes (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
            "  person text NOT NULL, text text NOT NULL, place jsonb);"
            " CREATE TABLE mottos (language text PRIMARY KEY, text text NOT NULL);"
            " INSERT INTO mottos VALUES ('en', 'Less is more'), ('de', 'Weniger ist mehr');"
            " INSERT INTO notes (person, text) VALUES ('Ada', 'Buy milk'), ('Bob', 'Sleep');"
            " INSERT INTO tokens VALUES (" +
            digest("token-of-ada") + ", 'Ada', true), (" + digest("token-of-bob") +
            ", 'Bob', false); SELECT 1");
        program_.emplace(std::vector<std::string>{program("examples/example_notebook"), "serve",
                                                  "--port", std::to_string(port)},
                         env);
        EXPECT_TRUE(program_->wait_for_err("notebook listening")) << program_->err();
    }
    ~notebook() override {
        program_->signal(SIGTERM);
        EXPECT_EQ(program_->wait(), 0) << program_->err();
        sql("DROP TABLE tokens, notes, mottos; SELECT 1");
    }
    static std::string digest(std::string_view token) {
        return '\'' + digest_of_secret(token) + '\'';
    }
    http_response ask(std::string_view authorization, std::string_view target = "/notes") const {
        return request(port, "GET", target, {{"authorization", std::string{authorization}}});
    }
    http_response write(std::string_view token, std::string_view text,
                        const std::string& more = {}) const {
        return request(port, "POST", "/notes",
                       {{"authorization", "Bearer " + std::string{token}},
                        {"content-type", "application/json"}},
                       R"({"text":")" + std::string{text} + '"' + more + '}');
    }
    http_response take_away(std::string_view token, std::string_view by) const {
        return request(port, "DELETE", "/tokens/" + digest_of_secret(token),
                       {{"x-operator-key", std::string{by}}});
    }
    void expect_kept(std::string_view authorization) const {
        EXPECT_TRUE(eventually([&] {
            return ask(authorization).header("cache-status").ends_with("detail=local");
        })) << program_->err();
    }

    void write_mottos() { sql("SELECT pg_notify('mottos_written', '')"); }
    std::string motto(const std::string& language) const {
        const auto answer = request(port, "GET", "/motto", {{"x-language", language}});
        const auto from = answer.body.find(R"("text":")") + 8;
        return answer.body.substr(from, answer.body.size() - from - 2);
    }

    environment env = servers.env();
    const std::uint16_t port = free_port();
    std::optional<child> program_;
};

constexpr std::string_view notes_of_ada =
    R"({"person":"Ada","notes":[{"id":1,"text":"Buy milk","place":null}]})";
constexpr std::string_view notes_of_bob =
    R"({"person":"Bob","notes":[{"id":2,"text":"Sleep","place":null}]})";

TEST_F(notebook, lets_nobody_in_who_does_not_say_who_he_is) {
    const auto none = get(port, "/notes");
    expect_json(none, 401, R"({"detail":"Credentials are required"})");
    EXPECT_EQ(none.header("www-authenticate"), "Bearer");
    for (const auto* wrong : {"", "Bearer", "Bearer ", "Basic dG9rZW4=", "Bearer a b",
                              "Bearer token-of-ada, Bearer token-of-bob", "token-of-ada"})
        EXPECT_EQ(ask(wrong).header("www-authenticate"), "Bearer") << wrong;
    for (const auto* wrong : {"Bearer token-of-eve", "Bearer TOKEN-OF-ADA"}) {
        const auto refused = ask(wrong);
        expect_json(refused, 401, R"({"detail":"The credentials are not valid"})");
        EXPECT_EQ(refused.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    // Also where the input is wrong: who is not let in learns nothing of it.
    EXPECT_EQ(request(port, "POST", "/notes", {{"content-type", "text/plain"}}, "x").status, 401);
}

// Nor is it in a text of JSON inside.
TEST_F(notebook, has_no_text_with_a_nul) {
    for (const auto& refused : {write("token-of-ada", "n\\u0000"),
                                write("token-of-ada", "n", R"(,"place":{"name":"\u0000"})")})
        expect_json(refused, 422,
                    R"({"detail":[{"type":"string_unicode","loc":["body"],)"
                    R"("msg":"Input should be a text in UTF-8, without NUL"}]})");
}

TEST_F(notebook, keeps_each_persons_notes_for_that_person) {
    for (int i = 0; i < 2; ++i) {
        expect_json(ask("Bearer token-of-ada"), 200, notes_of_ada);
        expect_json(ask("bearer  token-of-bob"), 200, notes_of_bob);
    }
    expect_kept("Bearer token-of-ada");
    expect_kept("Bearer token-of-bob");
    EXPECT_EQ(get(port, "/notes").status, 401);
    EXPECT_TRUE(valkey().get("notes:Ada"));
    EXPECT_TRUE(valkey().get("token:" + digest_of_secret("token-of-ada")));
}

TEST_F(notebook, tells_other_caches_that_the_answer_is_one_persons) {
    const auto first = ask("Bearer token-of-ada");
    EXPECT_EQ(first.header("vary"), "authorization");
    EXPECT_EQ(first.header("cache-control"), "private, no-cache");
    const auto again = request(
        port, "GET", "/notes",
        {{"authorization", "Bearer token-of-ada"}, {"if-none-match", first.header("etag")}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.header("vary"), "authorization");
    EXPECT_EQ(again.header("cache-control"), "private, no-cache");
    const auto of_bob = request(
        port, "GET", "/notes",
        {{"authorization", "Bearer token-of-bob"}, {"if-none-match", first.header("etag")}});
    EXPECT_EQ(of_bob.status, 200);
    const auto refused = get(port, "/notes");
    EXPECT_EQ(refused.header("cache-control"), "private");
    EXPECT_EQ(std::ranges::count(refused.headers, std::pair{"vary"s, "authorization"s}), 1);
}

// What a client wants of the cache is about the notes, not about who asks.
TEST_F(notebook, knows_who_asks_whatever_he_wants_of_the_cache) {
    const auto cached_only =
        request(port, "GET", "/notes",
                {{"authorization", "Bearer token-of-ada"}, {"cache-control", "only-if-cached"}});
    EXPECT_EQ(cached_only.status, 504);
    EXPECT_TRUE(eventually(
        [&] { return valkey().get("token:" + digest_of_secret("token-of-ada")).has_value(); }));
}

TEST_F(notebook, takes_a_note_of_who_may_write) {
    expect_kept("Bearer token-of-ada");
    const auto written = write("token-of-ada", "Call Bob");
    expect_json(written, 200, R"({"id":3,"text":"Call Bob","place":null})");
    EXPECT_EQ(written.header("link"), "</notes>; rel=\"collection\"");
    expect_json(
        ask("Bearer token-of-ada"), 200,
        R"({"person":"Ada","notes":[{"id":1,"text":"Buy milk","place":null},{"id":3,"text":"Call Bob","place":null}]})");
    expect_json(write("token-of-bob", "Hm"), 403, R"({"detail":"This token is for reading"})");
    expect_json(ask("Bearer token-of-bob"), 200, notes_of_bob);
    EXPECT_EQ(sql("SELECT count(*) FROM notes"), "3");
}

TEST_F(notebook, takes_a_note_with_the_place_where_it_is_of_use) {
    const auto written = write("token-of-ada", "Tea", R"(,"place":{"name":"Market"})");
    const std::string note = R"({"id":3,"text":"Tea","place":{"name":"Market","city":null}})";
    expect_json(written, 200, note);
    EXPECT_NE(ask("Bearer token-of-ada").body.find(note), std::string::npos);
    expect_json(write("token-of-ada", "Tea", R"(,"place":{"city":7})"), 422,
                R"({"detail":[{"type":"missing","loc":["body","place","name"],"msg":"Field )"
                R"(required"},{"type":"string_type","loc":["body","place","city"],"msg":"Input )"
                R"(should be a valid string","input":7}]})");
}

// What is said in the body of the caller's members does not count.
TEST_F(notebook, believes_nobody_who_says_in_the_body_that_he_is_another) {
    const auto answered =
        request(port, "POST", "/notes",
                {{"authorization", "Bearer token-of-ada"}, {"content-type", "application/json"}},
                R"({"person":"Bob","text":"x"})");
    EXPECT_EQ(answered.status, 200);
    EXPECT_EQ(sql("SELECT person FROM notes WHERE text = 'x'"), "Ada");
    EXPECT_EQ(ask("Bearer token-of-ada", "/notes?person=Bob").body.find("Sleep"),
              std::string::npos);
}

TEST_F(notebook, refuses_a_token_from_the_moment_that_it_was_taken_away) {
    expect_kept("Bearer token-of-ada");
    const auto no_key = request(port, "DELETE", "/tokens/x");
    expect_json(no_key, 401, R"({"detail":"Credentials are required"})");
    EXPECT_EQ(no_key.header("www-authenticate"), "ApiKey header=\"x-operator-key\"");
    for (const auto* wrong : {"a long and random", "a long and random key!", "x"})
        EXPECT_EQ(take_away("token-of-ada", wrong).status, 401) << wrong;
    EXPECT_EQ(ask("Bearer token-of-ada").status, 200);
    EXPECT_EQ(take_away("token-of-ada", key).status, 204);
    EXPECT_EQ(ask("Bearer token-of-ada").status, 401);
    EXPECT_EQ(take_away("token-of-ada", key).status, 404);
    EXPECT_EQ(ask("Bearer token-of-bob").status, 200);
}

TEST_F(notebook, answers_503_while_it_cannot_know_who_asks) {
    servers.postgres.stop();
    EXPECT_EQ(ask("Bearer token-of-ada").status, 503);
    EXPECT_EQ(get(port, "/notes").status, 401);
    servers.postgres.start();
    EXPECT_TRUE(eventually([&] { return ask("Bearer token-of-ada").status == 200; }));
}

TEST_F(notebook, reads_a_header_as_any_other_member) {
    const auto in = [&](const header_list& headers) {
        return request(port, "GET", "/motto", headers);
    };
    const auto german = in({{"X-Language", "de"}});
    expect_json(german, 200, R"({"language":"de","text":"Weniger ist mehr"})");
    EXPECT_EQ(german.header("vary"), "x-language");
    EXPECT_EQ(german.header("cache-control"), "no-cache");
    expect_json(in({{"x-language", "en"}}), 200, R"({"language":"en","text":"Less is more"})");
    EXPECT_EQ(in({}).body, german.body);
    EXPECT_TRUE(eventually([&] { return valkey().get("motto:en") && valkey().get("motto:all"); }));
    for (const header_list& wrong : {header_list{{"x-language", "fr"}}, {{"x-language", ""}}})
        EXPECT_EQ(in(wrong).status, 422);
    expect_json(in({{"x-language", "fr"}}), 422,
                R"({"detail":[{"type":"enum","loc":["header","x-language"],)"
                R"("msg":"Input should be 'en' or 'de'","input":"fr"}]})");
    EXPECT_EQ(in({{"x-language", "de"}, {"x-language", "en"}}).status, 422) << "it is one value";
}

// Any function of the request may be the step: what it returns is what the handler gets.
TEST_F(notebook, hands_over_what_a_step_makes_of_a_header) {
    const auto of_team = [&](const header_list& headers, const std::string& query = {}) {
        return request(port, "GET", "/team/notes" + query, headers);
    };
    sql("INSERT INTO notes (person, text) VALUES ('team red', 'Meet'), ('team blue', 'Rest');"
        " SELECT 1");
    const auto missing = of_team({}, "?x_team=red");
    expect_json(missing, 422,
                R"({"detail":[{"type":"missing","loc":["header","x-team"],)"
                R"("msg":"Field required"}]})");
    expect_json(of_team({{"x-team", ""}}), 403, R"({"detail":"This is no team"})");
    for (int i = 0; i < 2; ++i) {
        const auto red = of_team({{"X-Team", "red"}}, "?person=Ada");
        expect_json(red, 200,
                    R"({"person":"team red","notes":[{"id":3,"text":"Meet","place":null}]})");
        EXPECT_EQ(red.header("vary"), "x-team");
        EXPECT_EQ(red.header("cache-control"), "private, no-cache");
        expect_json(of_team({{"x-team", "blue"}}), 200,
                    R"({"person":"team blue","notes":[{"id":4,"text":"Rest","place":null}]})");
    }
    EXPECT_TRUE(eventually([&] {
        return of_team({{"x-team", "red"}}).header("cache-status").ends_with("detail=local");
    }));
    EXPECT_NE(get(port, "/openapi.json").body.find(R"({"name":"x-team","in":"header")"),
              std::string::npos);
}

TEST_F(notebook, forgets_what_it_is_told_of) {
    EXPECT_EQ(motto("de"), "Weniger ist mehr");
    // Nobody follows. The first may be forgotten as it begins to listen just then; not the others.
    for (const auto* text : {"Mehr", "Viel", "Alles"}) {
        sql("UPDATE mottos SET text = '" + std::string{text} + "' WHERE language = 'de'; SELECT 1");
        write_mottos();
        EXPECT_TRUE(eventually([&] { return motto("de") == text; })) << program_->err();
    }
    sql("UPDATE mottos SET text = 'Genug' WHERE language = 'de'; SELECT 1");
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query = 'LISTEN \"mottos_written\"'");
    EXPECT_TRUE(eventually([&] { return motto("de") == "Genug"; }))
        << "it has begun to listen anew: " << program_->err();
}

// What fails is in the log, however often it does, and the next is done.
TEST_F(notebook, hears_more_after_what_it_cannot_do) {
    EXPECT_EQ(motto("de"), "Weniger ist mehr");
    sql("ALTER TABLE mottos RENAME TO elsewhere; SELECT 1");
    for (int i = 0; i < 20; ++i) write_mottos();
    EXPECT_TRUE(program_->wait_for_err("the channel mottos_written failed")) << program_->err();
    sql("UPDATE elsewhere SET text = 'Genug' WHERE language = 'de'; SELECT 1");
    sql("ALTER TABLE elsewhere RENAME TO mottos; SELECT 1");
    write_mottos();
    EXPECT_TRUE(eventually([&] { return motto("de") == "Genug"; })) << program_->err();
    EXPECT_LE(times("the channel mottos_written failed", program_->err()), 3U) << program_->err();
}

// The end waits for it as it waits for requests.
TEST_F(notebook, finishes_what_it_is_told_of_before_it_ends) {
    EXPECT_TRUE(eventually(
        [&] { return motto("de") == "Weniger ist mehr" && valkey().get("motto:de").has_value(); }));
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE mottos");
    write_mottos();
    EXPECT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    program_->signal(SIGTERM);
    EXPECT_TRUE(program_->wait_for_err("finishes what is in flight"));
    holder.exec("COMMIT");
    EXPECT_EQ(program_->wait(), 0) << program_->err();
    EXPECT_FALSE(valkey().get("motto:de")) << program_->err();
}

TEST_F(notebook, says_in_its_document_who_has_to_say_who_he_is) {
    const auto document = get(port, "/openapi.json").body;
    const auto schemes = R"("securitySchemes":{"bearer":{"type":"http","scheme":"bearer"},)"s +
                         R"("api_key":{"type":"apiKey","in":"header","name":"x-operator-key"}})";
    EXPECT_NE(document.find(schemes), std::string::npos) << document;
    for (const auto* part : {R"("security":[{"bearer":[]}])", R"("security":[{"api_key":[]}])",
                             R"({"name":"x-language","in":"header")", R"("www-authenticate")"})
        EXPECT_NE(document.find(part), std::string::npos) << part << '\n' << document;
}

}  // namespace
}  // namespace larder::test
