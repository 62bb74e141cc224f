// Entity tags, preconditions, what clients may ask of the cache, and what it says of itself.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

struct contract_revalidation : shared_service_test {
    http_response ask(const header_list& headers = {}, std::string_view target = "/count",
                      std::string_view method = "GET") {
        return request(port(), method, target, headers);
    }
    http_response ask_with(const std::string& name, const std::string& value) {
        return ask(header_list{{name, value}});
    }
    std::string etag(std::string_view target = "/count") { return ask({}, target).header("etag"); }
    std::string status_of(const header_list& headers = {}, std::string_view target = "/count") {
        return ask(headers, target).header("cache-status");
    }
};

// ---- entity tags ----

TEST_F(contract_revalidation, the_entity_tag_is_strong_and_of_the_bytes_alone) {
    const auto tag = etag();
    EXPECT_TRUE(tag.starts_with('"') && tag.ends_with('"') && tag.size() > 10) << tag;
    EXPECT_EQ(etag(), tag) << "from a tier";
    valkey().clear();
    EXPECT_EQ(etag(), tag) << "loaded again";
    EXPECT_NE(etag("/count?customerid=9999"), tag);
    add_tutorial_order(port());
    EXPECT_NE(etag(), tag);
    const service another{servers.env(), {}};
    EXPECT_EQ(get(another.port(), "/count").header("etag"), etag()) << "of another instance";
}

TEST_F(contract_revalidation, a_304_has_the_headers_of_a_200_and_no_body) {
    const auto full = ask();
    const auto short_one = ask_with("if-none-match", full.header("etag"));
    EXPECT_EQ(short_one.status, 304);
    EXPECT_EQ(short_one.body, "");
    for (const auto* name : {"etag", "cache-control"})
        EXPECT_EQ(short_one.header(name), full.header(name)) << name;
    EXPECT_TRUE(short_one.has("date") && short_one.has("age") && short_one.has("cache-status"));
    EXPECT_FALSE(short_one.has("content-length") || short_one.has("content-type"));
}

TEST_F(contract_revalidation, if_none_match_is_a_list_and_compares_weakly) {
    const auto tag = etag();
    for (const auto& same : {tag, "W/" + tag, "\"x\", " + tag, "\"x\",W/" + tag + ", \"y\"",
                             std::string{"*"}, ", ," + tag}) {
        EXPECT_EQ(ask_with("if-none-match", same).status, 304) << same;
        EXPECT_EQ(ask({{"if-none-match", same}}, "/count", "HEAD").status, 304) << same;
    }
    EXPECT_EQ(ask({{"if-none-match", "\"x\""}, {"if-none-match", tag}}).status, 304);
    for (const std::string other : {"\"x\"", "W/\"x\"", "x", "\"\"", "\"**\""})
        EXPECT_EQ(ask_with("if-none-match", other).status, 200) << other;
}

TEST_F(contract_revalidation, a_304_is_never_given_for_an_older_count) {
    const auto before = etag();
    add_tutorial_order(port());
    const auto now = ask_with("if-none-match", before);
    EXPECT_EQ(now.status, 200);
    EXPECT_EQ(now.body, count_body(12001));
}

TEST_F(contract_revalidation, if_match_fails_with_412_and_comes_first) {
    const auto tag = etag();
    EXPECT_EQ(ask_with("if-match", tag).status, 200);
    EXPECT_EQ(ask_with("if-match", "*").status, 200);
    EXPECT_EQ(ask_with("if-match", "\"x\"").status, 412);
    EXPECT_EQ(ask_with("if-match", "W/" + tag).status, 412) << "it compares strongly";
    EXPECT_EQ(ask_with("if-match", "").status, 412) << "it names nothing";
    EXPECT_EQ(ask({{"if-match", "\"x\""}, {"if-none-match", tag}}).status, 412);
    EXPECT_EQ(ask({{"if-match", tag}, {"if-none-match", tag}}).status, 304);
}

TEST_F(contract_revalidation, preconditions_do_not_hide_what_is_wrong) {
    EXPECT_EQ(ask({{"if-none-match", "*"}}, "/count?customerid=abc").status, 422);
    EXPECT_EQ(ask({{"if-match", "\"x\""}}, "/nothing").status, 404);
}

TEST_F(contract_revalidation, an_order_is_not_added_if_its_precondition_fails) {
    const header_list json{{"content-type", "application/json"}};
    auto with_match = json;
    with_match.emplace_back("if-match", etag());
    EXPECT_EQ(request(port(), "POST", "/add/", with_match, tutorial_order).status, 412);
    EXPECT_EQ(rows(), 12000);
    auto with_none_match = json;
    with_none_match.emplace_back("if-none-match", "*");
    EXPECT_EQ(request(port(), "POST", "/add/", with_none_match, tutorial_order).status, 200);
    EXPECT_EQ(rows(), 12001);
}

// ---- what the answer says ----

TEST_F(contract_revalidation, clients_have_to_ask_again_each_time) {
    EXPECT_EQ(ask().header("cache-control"), "no-cache");
    const auto added = add(port(), tutorial_order);
    EXPECT_FALSE(added.has("etag") || added.has("cache-control") || added.has("age"));
    EXPECT_FALSE(ask({}, "/count?customerid=abc").has("etag"));
}

TEST_F(contract_revalidation, the_age_is_in_seconds_since_the_load) {
    EXPECT_EQ(ask().header("age"), "0");
    // As if it had been loaded a minute ago.
    const auto left = std::stol(valkey().command({"PTTL", "num_orders:all"}).value()) - 60'000;
    valkey().command({"PEXPIRE", "num_orders:all", std::to_string(left)});
    EXPECT_TRUE(eventually([&] { return ask().header("age") == "60"; }, 1s * slack));
    valkey().clear();
    EXPECT_TRUE(eventually([&] { return ask().header("age") == "0"; }, 1s * slack));
}

TEST_F(contract_revalidation, cache_status_tells_where_an_answer_came_from) {
    EXPECT_EQ(status_of(), "larder; fwd=uri-miss; stored");
    std::set<std::string> details;
    for (int i = 0; i < 20; ++i) {
        const auto hit = status_of();
        EXPECT_TRUE(hit.starts_with("larder; hit; ttl=11")) << hit;
        details.insert(hit.substr(hit.rfind(' ') + 1));
    }
    EXPECT_EQ(details, (std::set<std::string>{"detail=local", "detail=shared"}));
}

TEST_F(contract_revalidation, cache_status_tells_why_nothing_is_stored) {
    servers.valkey.stop();
    EXPECT_TRUE(
        eventually([&] { return status_of() == "larder; fwd=bypass; detail=valkey-unavailable"; }));
    servers.valkey.start();
    EXPECT_TRUE(eventually([&] { return status_of().starts_with("larder; hit"); }));
}

TEST_F(contract_revalidation, cache_status_tells_who_shared_a_load) {
    auto env = servers.env();
    env["CACHE_DEADLINE_MS"] = "5000";
    const service fresh{env, {"--workers", "2"}};  // both reach Valkey, however busy it is
    auto slow = servers.store.connect();
    slow.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    std::vector<std::unique_ptr<http_connection>> herd;
    for (int i = 0; i < 20; ++i) {
        herd.push_back(std::make_unique<http_connection>(fresh.port()));
        herd.back()->send(request_text("GET", "/count", {}, "", fresh.port()));
    }
    ASSERT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    slow.exec("COMMIT");
    int stored = 0, shared = 0;
    for (auto& one : herd) {
        const auto status = one->receive().header("cache-status");
        stored += status == "larder; fwd=uri-miss; stored" ? 1 : 0;
        shared += status == "larder; fwd=uri-miss; collapsed" || status.find("hit") < 10 ? 1 : 0;
    }
    EXPECT_EQ(stored, 1);
    EXPECT_EQ(shared, 19);
}

// ---- what a client may ask ----

struct contract_directives : contract_revalidation {
    void SetUp() override {
        contract_revalidation::SetUp();
        // A worker may not have heard yet that Valkey was emptied, and answer by itself.
        ASSERT_TRUE(eventually([&] {
            count(port());
            return valkey().get("num_orders:all") == "12000";
        }));
        // What only a load would notice.
        sql("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
            " VALUES ('2023-03-10', 9999, 1, 1, 2)");
    }
    std::string body(const std::string& directives, std::string_view target = "/count") {
        return ask(header_list{{"cache-control", directives}}, target).body;
    }
};

TEST_F(contract_directives, no_cache_loads_anew_for_everybody) {
    EXPECT_EQ(body("max-age=1000"), count_body(12000));
    EXPECT_EQ(status_of({{"cache-control", "no-cache"}}), "larder; fwd=request; stored");
    for (int i = 0; i < 10; ++i) EXPECT_EQ(count(port()), 12001);
}

TEST_F(contract_directives, pragma_counts_where_there_is_no_cache_control) {
    EXPECT_EQ(ask({{"pragma", "no-cache"}, {"cache-control", "max-age=1000"}}).body,
              count_body(12000));
    EXPECT_EQ(ask_with("pragma", "no-cache").body, count_body(12001));
}

TEST_F(contract_directives, max_age_and_min_fresh_take_no_entry_that_is_too_old) {
    EXPECT_EQ(body("max-age=60"), count_body(12000));
    EXPECT_EQ(body("min-fresh=60"), count_body(12000));
    EXPECT_EQ(body("max-stale"), count_body(12000));
    EXPECT_EQ(body("min-fresh=121"), count_body(12001)) << "no entry lives that long";
}

TEST_F(contract_directives, max_age_0_loads_anew) {
    EXPECT_EQ(body("max-age=0"), count_body(12001));
    EXPECT_EQ(valkey().get("num_orders:all"), "12001");
}

TEST_F(contract_directives, no_store_stores_nothing_and_may_use_what_is_there) {
    EXPECT_EQ(body("no-store"), count_body(12000));
    const std::string target = "/count?customerid=9999";
    EXPECT_EQ(body("no-store", target), count_body(1));
    EXPECT_EQ(valkey().get("num_orders:9999"), std::nullopt);
    EXPECT_EQ(status_of({{"cache-control", "no-store"}}, target), "larder; fwd=uri-miss");
}

// Its load is shared with a client that lets it be stored, but not with one that takes the entry.
TEST_F(contract_directives, no_cache_and_no_store_take_no_entry_that_others_may_take) {
    auto env = servers.env();
    env["CACHE_LOCAL_BYTES"] = "0";
    env["CACHE_DEADLINE_MS"] = "5000";
    valkey().clear();
    const service one{env, {"--workers", "1", "--log-level", "debug"}};
    EXPECT_EQ(count(one.port()), 12001);
    sql("DELETE FROM orders WHERE customerid = 9999");
    auto slow = servers.store.connect();
    slow.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    http_connection first{one.port()}, plain{one.port()}, anew{one.port()};
    const auto send = [&](http_connection& by, const header_list& headers) {
        by.send(request_text("GET", "/count", headers, "", one.port()));
    };
    const header_list load{{"cache-control", "no-cache, no-store"}};
    send(first, load);
    ASSERT_TRUE(eventually([&] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
    }));
    const auto looked = [&](int times) {
        return eventually([&] {
            int found = 0;
            const auto log = one.log();
            for (auto at = log.find("Checking"); at != log.npos; at = log.find("Checking", at + 1))
                ++found;
            return found == times;
        });
    };
    send(plain, {});  // waits for the next flight
    ASSERT_TRUE(looked(3));
    send(anew, load);
    ASSERT_TRUE(looked(4));
    EXPECT_EQ(get(one.port(), "/nowhere").status, 404);  // and Valkey had time to answer it
    valkey().command({"PING"});
    slow.exec("COMMIT");
    EXPECT_EQ(first.receive().header("cache-status"), "larder; fwd=request");
    EXPECT_EQ(plain.receive().status, 200);
    const auto answer = anew.receive();
    EXPECT_EQ(answer.body, count_body(12000));
    EXPECT_EQ(answer.header("cache-status").find("hit"), std::string::npos)
        << answer.header("cache-status");
}

TEST_F(contract_directives, only_if_cached_is_a_hit_or_a_504) {
    const std::string target = "/count?customerid=9999";
    EXPECT_EQ(body("only-if-cached"), count_body(12000));
    const auto miss = ask({{"cache-control", "only-if-cached"}}, target);
    expect_json(miss, 504, R"({"detail":"Not in the cache"})");
    EXPECT_EQ(valkey().get("num_orders:9999"), std::nullopt);
    count(port(), target);
    EXPECT_EQ(body("only-if-cached", target), count_body(1));
    EXPECT_EQ(ask_with("cache-control", "only-if-cached, no-cache").status, 504);
}

TEST_F(contract_directives, nonsense_is_disregarded) {
    for (const auto* nonsense : {"\"", ",,,", "no-cach", "x=\"no-cache\""})
        EXPECT_EQ(body(nonsense), count_body(12000)) << nonsense;
}

TEST_F(contract_directives, an_operator_can_keep_clients_from_loading) {
    auto env = servers.env();
    env["CACHE_CLIENT_RELOAD"] = "off";
    valkey().clear();
    const service strict{env, {}};
    EXPECT_TRUE(eventually([&] {  // a busy machine keeps nothing now and then
        return count(strict.port()) == 12001 && valkey().get("num_orders:all") == "12001";
    })) << strict.log();
    sql("DELETE FROM orders WHERE customerid = 9999");
    for (const auto* directive : {"no-cache", "max-age=0", "min-fresh=1000", "no-store"}) {
        const auto answer = request(strict.port(), "GET", "/count", {{"cache-control", directive}});
        EXPECT_EQ(answer.body, count_body(12001)) << directive;
    }
    const auto miss = request(strict.port(), "GET", "/count?customerid=9999",
                              {{"cache-control", "only-if-cached"}});
    EXPECT_EQ(miss.status, 504);
}

// ---- errors for those who ask for problem+json ----

struct contract_problem : contract_revalidation {};

TEST_F(contract_problem, is_told_in_its_own_type_to_who_asks_for_it) {
    const header_list accept{{"accept", "application/problem+json"}};
    const auto unknown = ask(accept, "/nothing");
    EXPECT_EQ(unknown.status, 404);
    EXPECT_EQ(unknown.header("content-type"), "application/problem+json");
    EXPECT_EQ(unknown.header("vary"), "accept");
    EXPECT_EQ(unknown.body,
              R"({"type":"about:blank","title":"Not Found","status":404,"detail":"Not Found"})");
    const auto wrong = ask(accept, "/count?customerid=abc");
    EXPECT_EQ(wrong.status, 422);
    EXPECT_NE(wrong.body.find(R"("errors":[{"type":"int_parsing")"), std::string::npos)
        << wrong.body;
    EXPECT_EQ(ask(accept).header("content-type"), "application/json") << "no error";
}

TEST_F(contract_problem, is_told_in_fastapis_shape_to_everybody_else) {
    for (const auto* accept : {"*/*", "application/json", "text/html"}) {
        const auto unknown = ask({{"accept", accept}}, "/nothing");
        expect_json(unknown, 404, R"({"detail":"Not Found"})");
        EXPECT_EQ(unknown.header("vary"), "accept");
    }
}

}  // namespace
}  // namespace larder::test
