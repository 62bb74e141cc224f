// /metrics: what is counted, and that Prometheus can read it.

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "follow_store.hpp"
#include "support/observed_service.hpp"

namespace larder::test {
namespace {

struct metrics_of_service : store_test {
    static std::string requests(const std::string& route, const std::string& method, int status) {
        return "larder_http_requests_total{route=\"" + route + "\",method=\"" + method +
               "\",status=\"" + std::to_string(status) + "\"}";
    }
    static std::string by_reason(const std::string& name, const std::string& reason) {
        return "larder_cache_" + name + "_total{reason=\"" + reason + "\"}";
    }
    /// No deadline is missed while something is locked, however busy the machine is.
    environment patient_env() const {
        auto env = servers.env();
        env["CACHE_DEADLINE_MS"] = "5000";
        env["PG_DEADLINE_MS"] = "60000";
        return env;
    }
    using reader = std::unique_ptr<http_connection>;
    static reader begin(const service& one, const std::string& target = "/count") {
        auto sent = std::make_unique<http_connection>(one.port());
        sent->send(request_text("GET", target, {}, {}, one.port()));
        return sent;
    }
    /// What keeps loads, or writes alone, waiting inside PostgreSQL until it is gone.
    pg_client lock_orders(const std::string& mode) {
        auto holder = servers.store.connect();
        holder.exec("BEGIN; LOCK TABLE orders IN " + mode + " MODE");
        return holder;
    }
    bool waits_for_lock() {
        return eventually([this] {
            return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND wait_event_type = 'Lock'") == "1";
        });
    }
};

std::string content_of(const std::string& path) {
    std::ifstream file{LARDER_SOURCE_DIR "/" + path};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::set<std::string> names_in(const std::string& text) {
    const std::regex name{R"(\b(larder|process)_[a-z0-9_]*[a-z0-9])"};
    std::set<std::string> all;
    for (std::sregex_iterator it{text.begin(), text.end(), name}, end; it != end; ++it)
        all.insert(it->str());
    return all;
}

TEST_F(metrics_of_service, pass_promtools_check) {
    auto env = servers.env();
    env["CACHE_FOLLOW"] = "auto";
    env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1";
    const observed_service one{env, {"--workers", "2", "--self-check", "3600"}};
    count(one.port());
    add_tutorial_order(one.port());
    const auto answer = get(one.admin_port(), "/metrics");
    EXPECT_EQ(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for (const auto* part : {"larder_follower_following", "larder_self_checks_total",
                             "larder_trace_spans_exported_total"})
        EXPECT_TRUE(names_in(answer.body).contains(part)) << part;
    const scratch_folder folder{"metrics"};
    std::ofstream{folder.path + "/metrics"} << answer.body;
    const auto checked =
        run_to_end({"/bin/sh", "-c", "promtool check metrics <'" + folder.path + "/metrics'"}, {});
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_EQ(checked.out + checked.err, "");
}

TEST_F(metrics_of_service, count_requests_by_route_method_and_status) {
    const observed_service one{servers.env(), {"--workers", "2"}};
    for (int i = 0; i < 20; ++i) count(one.port(), "/count?customerid=" + std::to_string(i));
    add_tutorial_order(one.port());
    EXPECT_EQ(get(one.port(), "/count?customerid=x").status, 422);
    EXPECT_EQ(request(one.port(), "DELETE", "/count").status, 405);
    EXPECT_EQ(get(one.port(), "/elsewhere").status, 404);
    raw(one.port(), "nonsense\r\n\r\n");
    for (const auto& [series, number] : std::vector<std::pair<std::string, double>>{
             {requests("/count", "GET", 200), 20},
             {requests("/count", "GET", 422), 1},
             {requests("/count", "DELETE", 405), 1},
             {requests("/add/", "POST", 200), 1},
             {requests("none", "GET", 404), 1},
             {requests("none", "other", 400), 1},
             {"larder_http_request_duration_seconds_count{route=\"/count\"}", 22},
             {"larder_http_request_duration_seconds_bucket{route=\"/count\",le=\"+Inf\"}", 22}})
        EXPECT_TRUE(one.metric_becomes(series, number)) << series << '\n' << one.metrics();
    EXPECT_GT(one.metric("larder_http_request_duration_seconds_sum{route=\"/count\"}"), 0);
    http_connection kept{one.port()};
    kept.request("GET", "/count");
    EXPECT_TRUE(one.metric_becomes("larder_http_connections", 1));
}

// A hit, a miss and a write, each as it is told to the client.
TEST_F(metrics_of_service, count_what_the_cache_does) {
    const observed_service one{servers.env(), {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    const std::string shared = "larder_cache_hits_total{tier=\"shared\"}";
    const std::string local = "larder_cache_hits_total{tier=\"local\"}";
    count(one.port());  // a miss
    double hits = 0;
    EXPECT_TRUE(eventually([&] {  // a worker that is late does not use its own entries
        count(one.port());
        ++hits;
        return one.metric(local) >= 2;
    }));
    EXPECT_TRUE(eventually([&] { return one.metric(shared) + one.metric(local) == hits; }));
    EXPECT_GE(one.metric(shared), 1);
    request(one.port(), "GET", "/count", {{"cache-control", "no-cache"}});
    request(one.port(), "GET", "/count?customerid=5", {{"cache-control", "no-store"}});
    add_tutorial_order(one.port());
    for (const auto& [series, number] :
         std::vector<std::pair<std::string, double>>{{by_reason("misses", "absent"), 1},
                                                     {by_reason("misses", "requested"), 2},
                                                     {"larder_cache_loads_total", 3},
                                                     {"larder_cache_failed_loads_total", 0},
                                                     {"larder_cache_fills_total", 2},
                                                     {by_reason("refused_fills", "not_wanted"), 1},
                                                     {"larder_cache_writes_total", 1},
                                                     {"larder_cache_holds_total", 1},
                                                     {"larder_cache_untold_holds_total", 0}})
        EXPECT_TRUE(one.metric_becomes(series, number)) << series << '\n' << one.metrics();
    EXPECT_GT(one.metric("larder_cache_load_seconds_total"), 0);
    EXPECT_GT(one.metric("larder_postgres_logins_total{result=\"accepted\"}"), 0);
    EXPECT_EQ(one.metric("larder_postgres_connections_limit"), 20);
}

// Of the readers of one instance the first one loads, and those of another one wait for it, too.
// Who comes while a load goes on is answered by what it stored, or by the load itself if it stored
// nothing.
TEST_F(metrics_of_service, count_reads_that_another_reads_load_answered) {
    const observed_service one{patient_env(), {"--workers", "1"}},
        other{patient_env(), {"--workers", "1"}};
    for (const auto* each : {&one, &other})
        ASSERT_TRUE(each->becomes(200, R"("degraded":[])")) << each->log();
    const std::string joined = "larder_cache_joined_reads_total";
    EXPECT_EQ(one.metric(joined) + other.metric(joined), 0);
    std::vector<reader> herd;
    auto holder = lock_orders("ACCESS EXCLUSIVE");  // PostgreSQL waits for it for 2 s
    herd.push_back(begin(one));
    ASSERT_TRUE(waits_for_lock());
    while (herd.size() < 20) herd.push_back(begin(herd.size() < 10 ? one : other));
    for (const auto* each : {&one, &other}) {
        ASSERT_TRUE(each->metric_becomes("larder_http_requests_in_flight", 10));
        ASSERT_TRUE(each->metric_becomes("larder_valkey_commands_in_flight", 0));
    }
    holder.exec("COMMIT");
    for (const auto& each : herd) EXPECT_EQ(each->receive().status, 200);
    EXPECT_TRUE(one.metric_becomes(joined, 9)) << one.metrics();
    EXPECT_TRUE(other.metric_becomes(joined, 10)) << other.metrics();
    EXPECT_EQ(one.metric("larder_cache_loads_total"), 1);
    EXPECT_EQ(other.metric("larder_cache_loads_total"), 0);
    EXPECT_EQ(one.metric(by_reason("misses", "absent")), 1) << "the others found it in their turn";
    count(one.port());
    count(one.port(), "/count?customerid=7");
    EXPECT_TRUE(one.metric_becomes("larder_cache_loads_total", 2));
    EXPECT_EQ(one.metric(joined), 9) << "neither a hit nor a load of its own";
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    herd.clear();
    for (int i = 0; i < 10; ++i) {
        herd.push_back(std::make_unique<http_connection>(one.port()));
        herd.back()->send(request_text("GET", "/count?customerid=8",
                                       {{"cache-control", "no-store"}}, {}, one.port()));
    }
    ASSERT_TRUE(one.metric_becomes("larder_http_requests_in_flight", 10));
    holder.exec("COMMIT");
    for (const auto& each : herd) EXPECT_EQ(each->receive().status, 200);
    EXPECT_TRUE(one.metric_becomes(joined, 17)) << "two loads for ten: " << one.metrics();
    EXPECT_EQ(one.metric("larder_cache_loads_total"), 4);
}

TEST_F(metrics_of_service, say_that_a_write_was_why_there_was_no_entry) {
    const observed_service one{patient_env(), {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    valkey().command({"ZADD", "{num_orders:7}:hold", "9999999999999", "somebody:1"});
    count(one.port(), "/count?customerid=7");
    EXPECT_TRUE(one.metric_becomes(by_reason("misses", "write_in_progress"), 1)) << one.metrics();
    EXPECT_TRUE(one.metric_becomes(by_reason("refused_fills", "write_in_progress"), 1));
    EXPECT_EQ(one.metric(by_reason("refused_fills", "overtaken")), 0);
    auto holder = lock_orders("ACCESS EXCLUSIVE");
    const auto reads = begin(one);
    ASSERT_TRUE(waits_for_lock());
    const auto done = run_orders({"cache", "invalidate", "num_orders:all"}, servers.env());
    EXPECT_EQ(done.status, 0) << done.err;
    holder.exec("COMMIT");
    EXPECT_EQ(reads->receive().status, 200);
    EXPECT_TRUE(one.metric_becomes(by_reason("refused_fills", "overtaken"), 1));
    EXPECT_EQ(one.metric(by_reason("misses", "write_in_progress")), 1);
}

TEST_F(metrics_of_service, say_how_the_pool_is_used) {
    auto env = patient_env();
    env["PG_CONNECTIONS"] = "2";  // one of them listens
    const observed_service one{env, {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    const std::string in_use = R"(larder_postgres_connections{state="in_use"})";
    const std::string idle = R"(larder_postgres_connections{state="idle"})";
    count(one.port());
    ASSERT_TRUE(one.metric_becomes(idle, 1)) << one.metrics();
    EXPECT_EQ(one.metric(in_use), 0);
    servers.postgres.freeze();  // for whom a statement waits longer than for a lock
    std::vector<reader> readers;
    for (const auto* customer : {"1", "2", "3"})
        readers.push_back(begin(one, std::string{"/count?customerid="} + customer));
    std::string shown;  // of one moment
    EXPECT_TRUE(eventually([&] {
        shown = one.metrics();
        return std::ranges::all_of(
            std::vector{in_use + " 1\n", idle + " 0\n",
                        std::string{"larder_postgres_requests_waiting 2\n"}},
            [&](const auto& line) { return shown.find(line) != shown.npos; });
    })) << shown;
    servers.postgres.thaw();
    for (const auto& each : readers) EXPECT_EQ(each->receive().status, 200);
    EXPECT_TRUE(one.metric_becomes("larder_postgres_requests_waiting", 0));
    EXPECT_TRUE(one.metric_becomes(in_use, 0));
    EXPECT_TRUE(one.metric_becomes(idle, 1));
}

TEST_F(metrics_of_service, say_that_valkey_is_another_databases) {
    const observed_service first{servers.env(), {"--workers", "1"}};
    ASSERT_TRUE(first.becomes(200, R"("degraded":[])"));
    ASSERT_TRUE(first.metric_becomes("larder_valkey_trusted_workers", 1));
    {
        const sample staging{servers.postgres, "staging", 10};
        auto env = servers.env();
        env["PG_DATABASE"] = "staging";
        const observed_service second{env, {"--workers", "2"}};
        EXPECT_TRUE(second.metric_becomes("larder_valkey_foreign_database", 1)) << second.log();
        EXPECT_TRUE(second.metric_becomes("larder_valkey_connected_workers", 2));
        EXPECT_EQ(second.metric("larder_valkey_trusted_workers"), 0);
    }
    pg_client{servers.postgres.uri()}.exec("DROP DATABASE staging WITH (FORCE)");
    EXPECT_EQ(first.metric("larder_valkey_foreign_database"), 0);
    EXPECT_EQ(first.metric("larder_valkey_trusted_workers"), 1);
}

TEST_F(metrics_of_service, say_why_there_was_no_entry) {
    const observed_service one{servers.env(), {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    const std::string connections = "larder_valkey_connections_total";
    const auto purges = one.metric("larder_cache_purges_total");
    ASSERT_TRUE(one.metric_becomes("larder_valkey_trusted_workers", 1));
    EXPECT_EQ(one.metric(connections), 1);
    servers.valkey.stop();
    ASSERT_TRUE(one.metric_becomes("larder_valkey_connected_workers", 0));
    EXPECT_EQ(one.metric("larder_valkey_trusted_workers"), 0);
    count(one.port());
    EXPECT_TRUE(one.metric_becomes(by_reason("misses", "valkey_unavailable"), 1));
    EXPECT_TRUE(one.metric_becomes(by_reason("refused_fills", "valkey_unavailable"), 1));
    add_tutorial_order(one.port());
    EXPECT_TRUE(one.metric_becomes("larder_cache_untold_holds_total", 1));
    EXPECT_TRUE(one.metric_becomes("larder_cache_unreleased_keys", 2));
    count(one.port());
    EXPECT_TRUE(one.metric_becomes(by_reason("misses", "unreleased_write"), 1));
    servers.valkey.start();
    EXPECT_TRUE(one.metric_becomes("larder_cache_unreleased_keys", 0));
    EXPECT_TRUE(one.metric_becomes("larder_valkey_trusted_workers", 1));
    EXPECT_EQ(one.metric(connections), 2);
    EXPECT_TRUE(one.metric_becomes("larder_cache_purges_total", purges + 1))
        << "a server that was started anew may have kept what is untrue";
    servers.postgres.stop();
    valkey().clear();
    EXPECT_EQ(get(one.port(), "/count?customerid=77").status, 503);
    EXPECT_TRUE(one.metric_becomes("larder_cache_failed_loads_total", 1));
    EXPECT_TRUE(one.metric_becomes("larder_postgres_reachable", 0));
    EXPECT_GT(one.metric("larder_postgres_logins_total{result=\"refused\"}"), 0);
}

TEST_F(metrics_of_service, do_not_count_who_reads_them) {
    const observed_service one{servers.env()};
    for (int i = 0; i < 3; ++i) one.ready();
    const auto shown = one.metrics();
    EXPECT_EQ(shown.find("larder_http_requests_total{"), std::string::npos) << shown;
    EXPECT_EQ(one.log().find("/health/ready"), std::string::npos) << "nor log them";
}

TEST_F(metrics_of_service, tell_of_entries_that_are_not_what_postgresql_says) {
    const observed_service one{servers.env(), {"--workers", "1", "--self-check", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    EXPECT_EQ(count(one.port()), 12'000);
    EXPECT_TRUE(eventually([&] {
        EXPECT_EQ(count(one.port(), "/count?customerid=9999"), 0);
        return valkey().get("num_orders:9999") == "0";
    }));
    valkey().set("num_orders:all", "777");  // by hand
    EXPECT_TRUE(eventually([&] { return count(one.port()) == 777; }));
    sql("INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
        " VALUES ('2024-01-01', 9999, 1, 0, 1)");  // and nobody follows
    EXPECT_EQ(one.metric(R"(larder_inconsistent_reads_total{age="bound"})"), 0);
    EXPECT_TRUE(one.metric_becomes(R"(larder_inconsistent_reads_total{age="bound"})", 2))
        << one.metrics();
    EXPECT_TRUE(one.wait_for_log("entry of num_orders:all is not what PostgreSQL says"));
    EXPECT_TRUE(one.wait_for_log("entry of num_orders:9999 is not what PostgreSQL says"));
    EXPECT_EQ(one.metric(R"(larder_inconsistent_reads_total{age="1m"})"), 0);
    EXPECT_EQ(count(one.port()), 777) << "it is left as it was found";
}

// However often an entry changes between two looks.
TEST_F(metrics_of_service, tell_of_no_entry_that_the_services_own_writes_change) {
    const observed_service one{servers.env(), {"--workers", "2", "--self-check", "1"}};
    EXPECT_TRUE(eventually([&] {
        add_tutorial_order(one.port());
        count(one.port());
        count(one.port(), "/count?customerid=9999");
        return one.metric("larder_self_checks_total") >= 8;
    }));
    EXPECT_EQ(one.metric(R"(larder_inconsistent_reads_total{age="bound"})"), 0) << one.log();
    const observed_service off{servers.env()};
    EXPECT_FALSE(names_in(off.metrics()).contains("larder_self_checks_total"));
}

TEST_F(follow_store, a_followers_metrics_say_how_it_is) {
    const observed_service one{env(), {"--workers", "2"}};
    ASSERT_TRUE(one.wait_for_log(follows)) << one.log();
    EXPECT_TRUE(one.metric_becomes("larder_follower_following", 1));
    EXPECT_TRUE(one.metric_becomes("larder_follower_followed", 1));
    EXPECT_TRUE(one.becomes(200, R"("follower":{"mode":"auto","is_followed":true,"follows_here":)"
                                 R"(true,"late_ms":)"))
        << one.ready().body;
    EXPECT_EQ(one.metric("larder_follower_sessions_total"), 1);
    EXPECT_EQ(one.metric("larder_follower_purges_total"), 1) << "as it began";
    expect_seen(one, insert, 1001, 1);
    EXPECT_TRUE(one.metric_becomes("larder_follower_changed_keys_total", 2));
    EXPECT_EQ(one.metric("larder_cache_writes_total"), 0) << "it was somebody else's";
    add_tutorial_order(one.port());
    EXPECT_TRUE(one.metric_becomes("larder_cache_writes_total", 1));
    EXPECT_TRUE(one.metric_becomes("larder_follower_lag_bytes", 0));
    EXPECT_LT(one.metric("larder_follower_lag_seconds"), 2.0 * slack);
}

// What deploy/ asks of a service it has.
TEST_F(follow_store, rules_and_dashboard_use_metrics_that_there_are) {
    auto with_traces = env();
    with_traces["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:1";
    const observed_service one{with_traces, {"--self-check", "3600"}};
    count(one.port());
    const auto shown = names_in(one.metrics());
    for (const auto* path : {"deploy/prometheus/larder.rules.yml", "deploy/grafana/larder.json"}) {
        const auto used = names_in(content_of(path));
        EXPECT_GT(used.size(), 10U) << path;
        for (const auto& name : used) EXPECT_TRUE(shown.contains(name)) << path << ": " << name;
    }
    const auto asked = names_in(content_of("deploy/grafana/larder.json"));
    EXPECT_TRUE(asked.contains("larder_inconsistent_reads_total"));
}

TEST_F(metrics_of_service, count_what_the_local_tier_evicts) {
    auto env = servers.env();
    env["CACHE_LOCAL_BYTES"] = "4096";
    const observed_service one{env, {"--workers", "1"}};
    EXPECT_EQ(one.metric("larder_cache_local_limit_bytes"), 4096);
    EXPECT_EQ(one.metric("larder_cache_local_evictions_total"), 0);
    EXPECT_TRUE(eventually([&] {
        for (int customer = 1; customer <= 100; ++customer)
            count(one.port(), "/count?customerid=" + std::to_string(customer));
        return one.metric("larder_cache_local_evictions_total") > 100;
    })) << one.metrics();
    EXPECT_GT(one.metric("larder_cache_local_entries"), 0);
    EXPECT_LT(one.metric("larder_cache_local_entries"), 100);
    EXPECT_LE(one.metric("larder_cache_local_bytes"), 4096);
}

}  // namespace
}  // namespace larder::test
