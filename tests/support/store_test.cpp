#include "support/store_test.hpp"

#include <cstdlib>
#include <stdexcept>

#include "support/eventually.hpp"
#include "support/json_text.hpp"

namespace larder::test {

backends& backends::shared() {
    static backends the;
    return the;
}

environment backends::env() const {
    environment all{{"PG_SERVICE_URI", postgres.uri()}, {"VALKEY_SERVICE_URI", valkey.uri()}};
    // A sanitizer's program waits long for a processor where compilers run beside it; what tests
    // say of the deadline itself they set.
    if (std::getenv("LARDER_PATIENT")) {
        all["PG_DEADLINE_MS"] = "5000";
        all["CACHE_DEADLINE_MS"] = "1000";
    }
    return all;
}

void backends::restore() {
    // Asking is quicker than the scripts, and nearly always both run.
    try {
        store.reset();
    } catch (const std::runtime_error&) {
        postgres.start();
        store.reset();
    }
    try {
        valkey_client{valkey.uri()}.clear();
    } catch (const std::runtime_error&) {
        valkey.start();
        valkey_client{valkey.uri()}.clear();
    }
}

void expect_json(const http_response& answer, int status, std::string_view body) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.body, body);
    EXPECT_EQ(answer.header("content-type"), "application/json");
    expect_compact_json(answer.body);
}

std::size_t times(std::string_view what, std::string_view text) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
    return n;
}

std::string count_body(long count) { return "{\"count\":" + std::to_string(count) + "}"; }

void store_test::add_tutorial_order(std::uint16_t port) {
    expect_json(add(port, tutorial_order), 200, R"({"updated":{"customer":9999}})");
}

void store_test::send_blocked_order(pg_client& holder, http_connection& connection,
                                    std::uint16_t port) {
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    connection.send(request_text("POST", "/add/", {{"content-type", "application/json"}},
                                 tutorial_order, port));
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                   " AND wait_event_type = 'Lock'") == "1";
    }));
}

long store_test::count(std::uint16_t port, std::string_view target) {
    const auto answer = get(port, target);
    long count = -1;
    EXPECT_EQ(std::sscanf(answer.body.c_str(), "{\"count\":%ld}", &count), 1) << answer.body;
    expect_json(answer, 200, count_body(count));
    return count;
}

}  // namespace larder::test
