// Traces: what a collector is told of a request, and that a collector hurts nobody.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "basket_service.hpp"
#include "support/observed_service.hpp"
#include "support/store_test.hpp"
#include "support/trace_receiver.hpp"

namespace larder::test {
namespace {

constexpr const char* given_trace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* given_span = "b7ad6b7169203331";

std::string traceparent(const std::string& flags, const std::string& trace = given_trace) {
    return "00-" + trace + '-' + given_span + '-' + flags;
}

struct traces : store_test {
    environment env(const trace_receiver& to, const environment& more = {}) const {
        auto all = servers.env();
        all["OTEL_EXPORTER_OTLP_ENDPOINT"] = to.url();
        for (const auto& [name, value] : more) all[name] = value;
        return all;
    }
    /// The only span of the name, once it is told.
    static told_span only(const trace_receiver& of, const std::string& name) {
        EXPECT_TRUE(eventually([&] { return !of.spans(name).empty(); })) << name;
        const auto all = of.spans(name);
        EXPECT_EQ(all.size(), 1) << name;
        return all.empty() ? told_span{} : all.front();
    }
    static std::vector<std::string> names_of_parts(const trace_receiver& of,
                                                   const told_span& whole) {
        std::vector<std::string> names;
        for (const auto& one : of.spans())
            if (one.parent == whole.id) names.push_back(one.name);
        std::ranges::sort(names);
        return names;
    }
    static void expect_within(const told_span& part, const told_span& whole) {
        EXPECT_EQ(part.trace, whole.trace);
        EXPECT_EQ(part.parent, whole.id) << part.name << " in " << whole.name;
        EXPECT_GE(part.begun, whole.begun);
        EXPECT_LE(part.ended, whole.ended);
        EXPECT_LE(part.begun, part.ended);
    }
};

TEST_F(traces, say_what_a_miss_did) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1"}};
    count(one.port(), "/count?customerid=9999&secret=hush");
    const auto request = only(collector, "GET /count"), cache = only(collector, "cache"),
               load = only(collector, "load"), statement = only(collector, "SELECT");
    EXPECT_EQ(request.kind, 2);
    EXPECT_EQ(request.parent, "");
    EXPECT_EQ(request.trace.size(), 32);
    EXPECT_EQ(request.about,
              (std::map<std::string, std::string>{{"http.request.method", "GET"},
                                                  {"http.response.status_code", "200"},
                                                  {"http.route", "/count"},
                                                  {"url.path", "/count"},
                                                  {"url.scheme", "http"}}));
    EXPECT_FALSE(request.has_failed);
    expect_within(cache, request);
    EXPECT_EQ(cache.about,
              (std::map<std::string, std::string>{{"larder.cache.key", "num_orders:9999"},
                                                  {"larder.cache.tier", "source"}}));
    expect_within(load, cache);
    expect_within(statement, load);
    EXPECT_EQ(statement.kind, 3);
    EXPECT_EQ(statement.about.at("db.system.name"), "postgresql");
    EXPECT_NE(statement.about.at("db.query.text").find("$1"), std::string::npos);
    EXPECT_EQ(names_of_parts(collector, cache),
              (std::vector<std::string>{"EVALSHA", "EVALSHA", "GETRANGE", "load"}));
    for (const auto& call : collector.spans("EVALSHA")) {
        expect_within(call, cache);
        EXPECT_EQ(call.kind, 3);
        EXPECT_EQ(call.about.at("db.system.name"), "valkey");
    }
    const auto told = collector.requests().front();
    EXPECT_EQ(told.resource.at("service.name"), "orders");
    EXPECT_NE(told.head.find("POST /v1/traces HTTP/1.1"), std::string::npos) << told.head;
    EXPECT_NE(told.head.find("application/x-protobuf"), std::string::npos) << told.head;
}

TEST_F(traces, say_which_tier_a_hit_was_in) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1"}};
    constexpr int requests = 8;  // from the fourth on they are not read again
    http_connection client{one.port()};
    for (int i = 0; i < requests; ++i) client.request("GET", "/count");
    ASSERT_TRUE(eventually([&] { return collector.spans("GET /count").size() == requests; }));
    ASSERT_TRUE(eventually([&] { return collector.spans("cache").size() == requests; }));
    std::multiset<std::string> tiers;
    std::set<std::string> of_traces;
    for (const auto& one_of : collector.spans("cache")) {
        tiers.insert(one_of.about.at("larder.cache.tier"));
        of_traces.insert(one_of.trace);
    }
    EXPECT_EQ(of_traces.size(), requests);
    EXPECT_EQ(tiers.count("source"), 1);
    EXPECT_EQ(tiers.count("shared"), 1);
    EXPECT_EQ(tiers.count("local"), requests - 2);
}

// Both want the value anew, and have to wait for a load that began before: they share the next one.
TEST_F(traces, say_who_joined_another_ones_load) {
    const trace_receiver collector;
    const environment patient{{"CACHE_DEADLINE_MS", "5000"}, {"PG_DEADLINE_MS", "60000"}};
    const observed_service one{env(collector, patient), {"--workers", "1"}};
    ASSERT_TRUE(one.becomes(200, R"("degraded":[])"));
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    http_connection first{one.port()}, second{one.port()}, third{one.port()};
    first.send(request_text("GET", "/count", {}, {}, one.port()));
    ASSERT_TRUE(one.metric_becomes("larder_http_requests_in_flight", 1));
    for (auto* client : {&second, &third})
        client->send(
            request_text("GET", "/count", {{"cache-control", "no-cache"}}, {}, one.port()));
    ASSERT_TRUE(one.metric_becomes("larder_http_requests_in_flight", 3));
    holder.exec("COMMIT");
    for (auto* client : {&first, &second, &third}) EXPECT_EQ(client->receive().status, 200);
    ASSERT_TRUE(eventually([&] {
        return collector.spans("cache").size() == 3 && collector.spans("load").size() == 2;
    }));
    std::set<std::string> with_a_load;
    for (const auto& load : collector.spans("load")) with_a_load.insert(load.parent);
    EXPECT_EQ(with_a_load.size(), 2) << "each is a part of who wanted it";
    for (const auto& look_up : collector.spans("cache")) {
        EXPECT_EQ(look_up.about.contains("larder.cache.collapsed"),
                  !with_a_load.contains(look_up.id));
        EXPECT_EQ(look_up.about.at("larder.cache.tier"), "source");
    }
}

TEST_F(traces, say_what_a_write_did) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1"}};
    add_tutorial_order(one.port());
    const auto request = only(collector, "POST /add/");
    expect_within(only(collector, "INSERT"), request);
    expect_within(only(collector, "COMMIT"), request);
    EXPECT_EQ(collector.spans("EVALSHA").size(), 2);  // hold and release, each of two keys
    for (const auto& call : collector.spans("EVALSHA")) expect_within(call, request);
}

TEST_F(traces, go_on_with_the_trace_of_the_sender) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1"}};
    request(one.port(), "GET", "/count", {{"traceparent", traceparent("01")}});
    const auto answered = only(collector, "GET /count");
    EXPECT_EQ(answered.trace, given_trace);
    EXPECT_EQ(answered.parent, given_span);
    EXPECT_EQ(only(collector, "load").trace, given_trace);
}

TEST_F(traces, are_recorded_if_their_senders_do_so) {
    const trace_receiver collector;
    const service one{env(collector, {{"OTEL_TRACES_SAMPLER", "parentbased_always_off"}}),
                      {"--workers", "1"}};
    const std::string another(32, 'a');
    count(one.port());
    request(one.port(), "GET", "/count", {{"traceparent", traceparent("00")}});
    request(one.port(), "GET", "/count",
            {{"traceparent", traceparent("01", std::string(32, '0'))}});  // none
    request(one.port(), "GET", "/count", {{"traceparent", traceparent("01", another)}});
    EXPECT_EQ(only(collector, "GET /count").trace, another);
}

TEST_F(traces, are_recorded_by_their_ids) {
    const trace_receiver collector;
    const service one{env(collector, {{"OTEL_TRACES_SAMPLER", "traceidratio"},
                                      {"OTEL_TRACES_SAMPLER_ARG", "0.5"}}),
                      {"--workers", "1"}};
    const std::string high(16, '1'), below = "3fffffffffffffff", above = "4000000000000000";
    request(one.port(), "GET", "/count", {{"traceparent", traceparent("01", high + above)}});
    request(one.port(), "GET", "/count", {{"traceparent", traceparent("00", high + below)}});
    EXPECT_EQ(only(collector, "GET /count").trace, high + below);
}

TEST_F(traces, say_what_failed) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1"}};
    sql("ALTER TABLE orders RENAME TO elsewhere");
    const auto answered = get(one.port(), "/count");
    sql("ALTER TABLE elsewhere RENAME TO orders");
    EXPECT_EQ(answered.status, 500);
    const auto request = only(collector, "GET /count"), statement = only(collector, "SELECT");
    EXPECT_TRUE(request.has_failed);
    EXPECT_TRUE(only(collector, "load").has_failed);
    EXPECT_TRUE(statement.has_failed);
    EXPECT_EQ(statement.about.at("db.response.status_code"), "42P01");
    EXPECT_NE(statement.why.find("does not exist"), std::string::npos) << statement.why;
}

TEST_F(traces, have_the_id_that_the_log_has) {
    const trace_receiver collector;
    const service one{env(collector), {"--workers", "1", "--log-config", "json"}};
    count(one.port());
    const auto trace = only(collector, "GET /count").trace;
    EXPECT_TRUE(one.wait_for_log("\"trace_id\":\"" + trace + '"')) << one.log();
}

TEST_F(traces, are_of_this_service_by_the_names_of_its_environment) {
    const trace_receiver collector;
    const service one{
        env(collector,
            {{"OTEL_SERVICE_NAME", "shop"},
             {"OTEL_RESOURCE_ATTRIBUTES", "service.name=other,deployment.environment.name=a%2Cb"},
             {"OTEL_EXPORTER_OTLP_ENDPOINT", ""},
             {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url() + "/elsewhere?tenant=7"}})};
    count(one.port());
    only(collector, "GET /count");
    const auto told = collector.requests().front();
    EXPECT_EQ(told.resource.at("service.name"), "shop");
    EXPECT_EQ(told.resource.at("deployment.environment.name"), "a,b");
    EXPECT_NE(told.head.find("POST /elsewhere?tenant=7 HTTP"), std::string::npos) << told.head;
}

TEST_F(traces, have_headers_that_nobody_is_shown) {
    const trace_receiver collector;
    collector.requests();
    const auto with_secret =
        env(collector, {{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20hush, x-tenant=7"}});
    const service one{with_secret, {"--log-level", "debug"}};
    count(one.port());
    only(collector, "GET /count");
    const auto head = collector.requests().front().head;
    EXPECT_NE(head.find("authorization: Bearer hush\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("x-tenant: 7"), std::string::npos) << head;
    EXPECT_EQ(one.log().find("hush"), std::string::npos);
    const auto shown = run_orders({"serve", "--print-config"}, with_secret).out;
    EXPECT_EQ(shown.find("hush"), std::string::npos) << shown;
    EXPECT_NE(shown.find("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT = " + collector.url() + "/v1/traces"),
              std::string::npos)
        << shown;
}

TEST_F(traces, are_none_unless_somebody_wants_them) {
    const trace_receiver collector;
    for (const environment& more :
         std::vector<environment>{{{"OTEL_SDK_DISABLED", "true"}},
                                  {{"OTEL_TRACES_EXPORTER", "none"}},
                                  {{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}}) {
        const observed_service one{env(collector, more)};
        count(one.port());
        EXPECT_EQ(one.metrics().find("larder_trace_"), std::string::npos);
    }
    EXPECT_TRUE(collector.requests().empty());
}

TEST_F(traces, are_told_by_the_basket_as_well) {
    const trace_receiver collector;
    servers.store.connect().exec(std::string{drop_basket_tables} + ';' + basket_tables);
    {
        const basket_instance one{servers.postgres, "dellstore", env(collector), "one"};
        EXPECT_EQ(get(one.port(), "/products?limit=20").status, 200);
        only(collector, "GET /products");
        EXPECT_EQ(collector.requests().front().resource.at("service.name"), "basket");
    }
    servers.store.connect().exec(drop_basket_tables);
}

// ---- A collector that is in no order.

TEST_F(traces, find_the_way_once_there_is_a_collector) {
    const auto port = free_port();
    auto with = servers.env();
    with["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://localhost:" + std::to_string(port);
    const observed_service one{with, {"--workers", "1"}};
    http_connection client{one.port()};
    client.request("GET", "/count");
    ASSERT_TRUE(one.wait_for_log("Traces do not arrive at http://localhost:")) << one.log();
    for (int i = 0; i < 2'000; ++i) EXPECT_EQ(client.request("GET", "/count").status, 200);
    EXPECT_GT(one.metric("larder_trace_spans_dropped_total"), 0);
    const trace_receiver collector{port};
    EXPECT_TRUE(one.wait_for_log("again", patience * 4)) << one.log();
    EXPECT_EQ(only(collector, "load").has_failed, false) << "what came first is kept";
    EXPECT_TRUE(eventually([&] { return collector.spans().size() > 2'048; }));
    EXPECT_TRUE(one.metric_becomes("larder_trace_spans_exported_total",
                                   static_cast<double>(collector.spans().size())));
    EXPECT_EQ(times("Traces do not arrive", one.log()), 1) << one.log();
}

TEST_F(traces, are_told_again_to_who_cannot_take_them_now) {
    trace_receiver collector;
    collector.answer(503);
    const observed_service one{env(collector), {"--workers", "1"}};
    count(one.port());
    ASSERT_TRUE(one.wait_for_log("it answers 503")) << one.log();
    collector.answer(200);
    EXPECT_EQ(only(collector, "load").has_failed, false);
    EXPECT_EQ(one.metric("larder_trace_spans_dropped_total"), 0);
}

TEST_F(traces, that_are_refused_are_dropped_and_counted) {
    trace_receiver collector;
    collector.answer(400);
    const observed_service one{env(collector), {"--workers", "1"}};
    count(one.port());
    ASSERT_TRUE(one.wait_for_log("it answers 400")) << one.log();
    EXPECT_TRUE(eventually([&] { return one.metric("larder_trace_spans_dropped_total") >= 7; }));
}

// Its answers wait for nobody, and its end for a second at most.
TEST_F(traces, keep_nobody_waiting_for_a_collector_that_is_silent) {
    trace_receiver collector;
    collector.answer(0);
    service one{env(collector), {"--workers", "1"}};
    count(one.port());
    ASSERT_TRUE(eventually([&] { return !collector.requests().empty(); }));
    for (int i = 0; i < 200; ++i) EXPECT_EQ(get(one.port(), "/count").status, 200);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait_for_exit(), 0) << one.log();
}

TEST_F(traces, of_the_last_requests_are_told_at_the_end) {
    const trace_receiver collector;
    service one{env(collector), {"--workers", "2"}};
    count(one.port());
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait_for_exit(), 0) << one.log();
    EXPECT_EQ(collector.spans("GET /count").size(), 1);
}

// Another service stands for the collector, and answers 404.
TEST_F(traces, go_by_tls_to_whom_is_trusted) {
    const certificate own{"DNS:localhost"};
    const auto port = std::to_string(free_port());
    const child far{{program("orders"), "serve", "--port", port, "--ssl-keyfile", own.key(),
                     "--ssl-certfile", own.file()},
                    servers.env()};
    ASSERT_TRUE(far.wait_for_err("listening on https")) << far.err();
    auto with = servers.env();
    with["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://localhost:" + port;
    const service distrustful{with};
    count(distrustful.port());
    EXPECT_TRUE(distrustful.wait_for_log("certificate verify failed")) << distrustful.log();
    with["OTEL_EXPORTER_OTLP_CERTIFICATE"] = own.file();
    const service one{with};
    count(one.port());
    EXPECT_TRUE(one.wait_for_log("it answers 404")) << one.log();
    EXPECT_TRUE(far.wait_for_err("\"POST /v1/traces HTTP/1.1\" 404")) << far.err();
}

TEST_F(traces, are_refused_by_the_name_of_what_is_wrong) {
    const trace_receiver collector;
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"},
             {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:hush@localhost:4318"},
             {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:0"},
             {"OTEL_EXPORTER_OTLP_HEADERS", "hush"},
             {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=b%0Ahush"},
             {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
             {"OTEL_TRACES_EXPORTER", "zipkin"},
             {"OTEL_TRACES_SAMPLER", "sometimes"},
             {"OTEL_RESOURCE_ATTRIBUTES", "a"}}) {
        const auto ended = run_orders({"serve", "--port", "0"}, env(collector, {{name, value}}));
        EXPECT_EQ(ended.status, 78) << name << ' ' << ended.err;
        EXPECT_NE(ended.err.find(name), std::string::npos) << ended.err;
        EXPECT_EQ(ended.err.find("hush"), std::string::npos) << ended.err;
    }
}

}  // namespace
}  // namespace larder::test
