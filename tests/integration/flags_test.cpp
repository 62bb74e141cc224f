// The flags of `orders serve`, each by what a client or an operator sees of it.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using flags = std::vector<std::string>;

struct serve_flags : store_test {
    service start(const flags& f) { return service{servers.env(), f}; }
    /// By curl, as it speaks what our own client does not.
    std::string curl(flags arguments) {
        arguments.insert(arguments.begin(), {"/usr/bin/curl", "-sS", "-i"});
        const auto run = run_to_end(arguments, {});
        return run.status == 0 ? run.out : "curl: " + run.err;
    }
};

// ---- where it listens ----

TEST_F(serve_flags, uds_listens_on_a_unix_socket_and_replaces_a_dead_one) {
    const scratch_folder folder{"uds"};
    const auto path = folder.path + "/orders.sock";
    const environment env = servers.env();
    for (int i = 0; i < 2; ++i) {  // the second time it is there already
        child one{{program("orders"), "serve", "--uds", path}, env};
        ASSERT_TRUE(one.wait_for_err("listening on unix:" + path)) << one.err();
        const auto answer = curl({"--unix-socket", path, "http://shop/count"});
        EXPECT_TRUE(has(answer, "200 OK") && has(answer, count_body(12000))) << answer;
        const auto second = run_orders({"serve", "--uds", path}, env);
        EXPECT_EQ(second.status, 69);
        EXPECT_TRUE(has(second.err, path + ": another program uses it")) << second.err;
        one.signal(i == 0 ? SIGKILL : SIGTERM);
        one.wait();
    }
}

// nginx is seldom the same user. What an operator makes of it is kept.
TEST_F(serve_flags, uds_is_for_everybody_or_as_the_one_before) {
    const scratch_folder folder{"uds"};
    const auto path = folder.path + "/orders.sock";
    using std::filesystem::perms;
    const auto mode = [&] { return std::filesystem::status(path).permissions(); };
    for (const auto expected : {perms{0666}, perms{0660}}) {
        child one{{program("orders"), "serve", "--uds", path}, servers.env()};
        ASSERT_TRUE(one.wait_for_err("listening on unix:" + path)) << one.err();
        EXPECT_EQ(mode(), expected);
        std::filesystem::permissions(path, perms{0660});
        one.signal(SIGTERM);
        EXPECT_EQ(one.wait(), 0);
    }
}

TEST_F(serve_flags, host_may_be_a_name) {
    const auto one = start({"--host", "localhost"});
    EXPECT_EQ(count(one.port()), 12000);
}

TEST_F(serve_flags, fd_takes_a_socket_that_listens_already) {
    const auto port = std::to_string(free_port());
    // As systemd does it: the socket is descriptor 3 and outlives the service.
    const std::string hand_over =
        "use Socket; use POSIX; $^F = 9; socket(S, PF_INET, SOCK_STREAM, 0); setsockopt(S, "
        "SOL_SOCKET,"
        " SO_REUSEADDR, 1); bind(S, sockaddr_in($ARGV[0], INADDR_LOOPBACK)) or die; listen(S, 99);"
        " POSIX::dup2(fileno(S), 3); exec @ARGV[1 .. $#ARGV]";
    child one{{"/usr/bin/perl", "-e", hand_over, port, program("orders"), "serve", "--fd", "3"},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on http://127.0.0.1:" + port)) << one.err();
    EXPECT_EQ(count(static_cast<std::uint16_t>(std::stoi(port))), 12000);
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
    const auto none = run_orders({"serve", "--fd", "0"}, servers.env());
    EXPECT_EQ(none.status, 69);
    EXPECT_TRUE(has(none.err, "Descriptor 0 is no socket that listens")) << none.err;
}

// ---- TLS ----

std::string port_of(const child& one) {
    const auto log = one.err();
    const auto at = log.find(':', log.find("https://") + 8) + 1;
    return log.substr(at, log.find_first_not_of("0123456789", at) - at);
}

std::string url_of(const child& one) { return "https://127.0.0.1:" + port_of(one); }

struct serve_tls : serve_flags {
    void SetUp() override {
        serve_flags::SetUp();
        make(file("ca"), {"-subj", "/CN=authority"});
        make(file("own"), {"-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"});
    }
    std::string file(const std::string& name) { return folder.path + "/" + name; }
    static void make(const std::string& path, const flags& more) {
        flags command{"/usr/bin/openssl",
                      "req",
                      "-x509",
                      "-newkey",
                      "ec",
                      "-pkeyopt",
                      "ec_paramgen_curve:prime256v1",
                      "-nodes",
                      "-days",
                      "2",
                      "-keyout",
                      path + ".key",
                      "-out",
                      path + ".pem"};
        command.insert(command.end(), more.begin(), more.end());
        ASSERT_EQ(run_to_end(command, {}).status, 0);
    }
    const scratch_folder folder{"tls"};
};

TEST_F(serve_tls, certificate_and_key_make_it_https) {
    child one{{program("orders"), "serve", "--port", "0", "--ssl-keyfile", file("own.key"),
               "--ssl-certfile", file("own.pem")},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on https://127.0.0.1:")) << one.err();
    const auto url = url_of(one);
    const auto answer = curl({"--cacert", file("own.pem"), url + "/count", url + "/count"});
    EXPECT_TRUE(has(answer, "200 OK") && has(answer, count_body(12000))) << answer;
    const auto moved = curl({"--cacert", file("own.pem"), url + "/count/"});
    EXPECT_TRUE(has(moved, "location: " + url + "/count\r\n")) << moved;
    EXPECT_TRUE(has(curl({url + "/count"}), "curl: ")) << "the certificate is checked";
    EXPECT_TRUE(has(curl({"--cacert", file("own.pem"), "--tls-max", "1.1", url}), "curl: "));
    EXPECT_TRUE(has(curl({"http" + url.substr(5) + "/count"}), "curl: ")) << "no HTTP in the clear";
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait(), 0);
}

TEST_F(serve_tls, authorities_make_clients_show_a_certificate) {
    child one{{program("orders"), "serve", "--port", "0", "--ssl-keyfile", file("own.key"),
               "--ssl-certfile", file("own.pem"), "--ssl-ca-certs", file("ca.pem")},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on https://127.0.0.1:")) << one.err();
    const flags trust{"--cacert", file("own.pem"), url_of(one) + "/count"};
    EXPECT_TRUE(has(curl(trust), "curl: "));
    auto known = trust, unknown = trust;
    known.insert(known.end(), {"--cert", file("ca.pem"), "--key", file("ca.key")});
    unknown.insert(unknown.end(), {"--cert", file("own.pem"), "--key", file("own.key")});
    EXPECT_TRUE(has(curl(known), "200 OK")) << curl(known);
    EXPECT_TRUE(has(curl(unknown), "curl: "));
}

TEST_F(serve_tls, sessions_of_clients_with_a_certificate_are_resumed) {
    child one{{program("orders"), "serve", "--port", "0", "--ssl-keyfile", file("own.key"),
               "--ssl-certfile", file("own.pem"), "--ssl-ca-certs", file("ca.pem")},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on https://")) << one.err();
    const auto ask = [&](const std::string& more) {
        const auto answer = run_to_end(
            {"sh", "-c",
             "printf 'GET /count HTTP/1.1\\r\\nhost: a\\r\\nconnection: close\\r\\n\\r\\n' |"
             " openssl s_client -ign_eof -connect 127.0.0.1:" +
                 port_of(one) + " -cert " + file("ca.pem") + " -key " + file("ca.key") + " " +
                 more + " " + file("session")},
            {});
        EXPECT_TRUE(has(answer.out, count_body(12000))) << answer.out << answer.err;
        return answer.out;
    };
    for (const std::string version : {"-tls1_2", "-tls1_3"}) {
        EXPECT_TRUE(has(ask(version + " -sess_out"), "\nNew, TLS"));
        EXPECT_TRUE(has(ask(version + " -sess_in"), "\nReused, TLS"));
    }
}

// It is closed when half a second has passed since it was opened, and not by the signal.
TEST_F(serve_tls, a_handshake_that_has_begun_may_end_though_the_service_stops) {
    child one{{program("orders"), "serve", "--port", "0", "--workers", "1", "--ssl-keyfile",
               file("own.key"), "--ssl-certfile", file("own.pem")},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on https://")) << one.err();
    const auto since = std::chrono::steady_clock::now();
    http_connection slow{static_cast<std::uint16_t>(std::stoi(port_of(one)))};
    const auto answer = curl({"--cacert", file("own.pem"), url_of(one) + "/count"});
    ASSERT_TRUE(has(answer, "200 OK")) << "whoever came before it was accepted";
    one.signal(SIGTERM);
    slow.read_to_end();
    EXPECT_GE(std::chrono::steady_clock::now() - since, std::chrono::milliseconds{500});
    EXPECT_EQ(one.wait(), 0);
}

// Its bytes come after the answer, and a reset would overtake it.
TEST_F(serve_tls, a_refusal_reaches_a_client_that_goes_on_sending) {
    child one{{program("orders"), "serve", "--port", "0", "--ssl-keyfile", file("own.key"),
               "--ssl-certfile", file("own.pem")},
              servers.env()};
    ASSERT_TRUE(one.wait_for_err("listening on https://")) << one.err();
    std::ofstream{file("body")} << std::string(4'000'000, 'a');
    for (int i = 0; i < 20; ++i) {
        const auto answer = curl({"--cacert", file("own.pem"), "-H", "expect:", "--data-binary",
                                  "@" + file("body"), url_of(one) + "/add/"});
        EXPECT_TRUE(has(answer, "413 Payload Too Large")) << answer;
    }
}

TEST_F(serve_tls, files_that_are_none_are_named) {
    const auto missing =
        run_orders({"serve", "--ssl-keyfile", "/nothing", "--ssl-certfile", file("own.pem")}, {});
    EXPECT_EQ(missing.status, 69);
    EXPECT_TRUE(has(missing.err, "Cannot use /nothing as the certificate's key")) << missing.err;
    const auto alone = run_orders({"serve", "--ssl-keyfile", file("own.key")}, {});
    EXPECT_EQ(alone.status, 78);
    EXPECT_TRUE(has(alone.err, "belong together")) << alone.err;
}

// ---- behind a proxy ----

TEST_F(serve_flags, root_path_is_taken_off_and_put_before_redirects) {
    const auto one = start({"--root-path", "/shop/"});
    EXPECT_EQ(count(one.port(), "/count"), 12000);
    EXPECT_EQ(count(one.port(), "/shop/count"), 12000);
    EXPECT_EQ(get(one.port(), "/shopcount").status, 404);
    EXPECT_TRUE(get(one.port(), "/count/").header("location").ends_with("/shop/count"));
}

TEST_F(serve_flags, forwarded_headers_of_trusted_proxies_alone_count) {
    const header_list forwarded{{"x-forwarded-for", "6.6.6.6, 203.0.113.7, 127.0.0.1"},
                                {"x-forwarded-proto", "https"}};
    const auto trusting = start({});
    const auto moved = request(trusting.port(), "GET", "/count/", forwarded);
    EXPECT_TRUE(moved.header("location").starts_with("https://")) << moved.header("location");
    EXPECT_TRUE(trusting.wait_for_log("203.0.113.7:0 - \"GET /count/"));
    request(trusting.port(), "GET", "/count", {{"x-forwarded-for", "2001:db8::7"}});
    EXPECT_TRUE(trusting.wait_for_log("[2001:db8::7]:0 - \"GET /count "));
    for (const auto* network : {"10.0.0.5, 127.0.0.0/8", "*"}) {
        const auto also = start({"--forwarded-allow-ips", network});
        EXPECT_TRUE(request(also.port(), "GET", "/count/", forwarded)
                        .header("location")
                        .starts_with("https://"))
            << network;
    }
    const auto both = start({"--host", "::ffff:127.0.0.1"});
    EXPECT_TRUE(request(both.port(), "GET", "/count/", forwarded)
                    .header("location")
                    .starts_with("https://"));
    for (const auto& distrust :
         {flags{"--no-proxy-headers"}, flags{"--forwarded-allow-ips", "::1, 10.0.0.0/8"}}) {
        const auto wary = start(distrust);
        const auto answer = request(wary.port(), "GET", "/count/", forwarded);
        EXPECT_TRUE(answer.header("location").starts_with("http://"));
        EXPECT_TRUE(wary.wait_for_log("\"GET /count/"));
        EXPECT_FALSE(has(wary.log(), "203.0.113.7"));
    }
}

TEST_F(serve_flags, proxies_may_name_the_client_with_its_port_in_either_header) {
    const auto one = start({});
    const auto moved = [&](const header_list& headers) {
        return request(one.port(), "GET", "/count/", headers).header("location").substr(0, 6);
    };
    EXPECT_EQ(moved({{"X-FORWARDED-FOR", "6.6.6.6"},
                     {"x-forwarded-for", "203.0.113.7:4711"},
                     {"X-Forwarded-Proto", "HTTPS"}}),
              "https:");
    EXPECT_TRUE(one.wait_for_log("203.0.113.7:4711 - \"GET /count/"));
    EXPECT_EQ(moved({{"forwarded", "for=6.6.6.6;proto=http"},
                     {"Forwarded", "for=\"[2001:db8::7]:4712\";proto=https"}}),
              "https:");
    EXPECT_TRUE(one.wait_for_log("[2001:db8::7]:4712 - \"GET /count/"));
    EXPECT_EQ(moved({{"forwarded", "for=203.0.113.8;proto=https"}, {"x-forwarded-for", "unknown"}}),
              "http:/");
    EXPECT_FALSE(has(one.log(), "203.0.113.8"));
    const auto wary = start({"--no-proxy-headers"});
    request(wary.port(), "GET", "/count", {{"forwarded", "for=203.0.113.9"}});
    EXPECT_TRUE(wary.wait_for_log("\"GET /count"));
    EXPECT_FALSE(has(wary.log(), "203.0.113.9"));
}

// ---- limits ----

TEST_F(serve_flags, limit_concurrency_answers_503_beyond) {
    const auto one = start({"--limit-concurrency", "2", "--workers", "2"});
    auto holder = servers.store.connect();
    holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    http_connection first{one.port()}, second{one.port()};
    first.send(request_text("GET", "/count?customerid=42", {}, "", one.port()));
    second.send(request_text("GET", "/count?customerid=43", {}, "", one.port()));
    // Who asks before both are in would take the place of one.
    ASSERT_TRUE(eventually([this] {
        return sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "2";
    }));
    EXPECT_EQ(get(one.port(), "/count").status, 503);
    EXPECT_TRUE(get(one.port(), "/count").has("retry-after"));
    holder.exec("COMMIT");
    EXPECT_EQ(first.receive().status, 200);
    EXPECT_EQ(second.receive().status, 200);
    EXPECT_EQ(count(one.port()), 12000);
}

TEST_F(serve_flags, limit_max_requests_ends_it_in_an_orderly_way) {
    auto one = start({"--limit-max-requests", "3"});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(one.port(), "/count").status, 200);
    EXPECT_EQ(one.wait_for_exit(), 0);
}

// ---- headers ----

TEST_F(serve_flags, headers_are_added_and_left_out) {
    const auto one = start({"--header", "x-shop: one", "--header", "x-empty:", "--no-server-header",
                            "--no-date-header"});
    const auto answer = get(one.port(), "/count");
    EXPECT_EQ(answer.header("x-shop"), "one");
    EXPECT_EQ(answer.header("x-empty"), "");
    EXPECT_FALSE(answer.has("server") || answer.has("date"));
    const auto other = start({"--header", "Server: shop", "--header", "date: today"});
    EXPECT_EQ(get(other.port(), "/count").header("server"), "shop");
    EXPECT_EQ(get(other.port(), "/count").header("date"), "today");
    for (const auto* wrong : {"x-shop", ":one", "x shop:one", "x:a\r\nb:c"}) {
        const auto run = run_orders({"serve", "--header", wrong}, {});
        EXPECT_EQ(run.status, 78) << wrong;
        EXPECT_TRUE(has(run.err, "name:value")) << run.err;
    }
}

TEST_F(serve_flags, pages_of_the_origins_named_may_read_answers) {
    const auto one = start({"--cors-allow-origin", "https://shop.example"});
    const auto ask = [&](const char* origin, const char* method, header_list more = {}) {
        more.emplace_back("origin", origin);
        return request(one.port(), method, "/count", more);
    };
    const auto allowed = ask("https://shop.example", "GET");
    EXPECT_EQ(allowed.header("access-control-allow-origin"), "https://shop.example");
    EXPECT_EQ(allowed.header("vary"), "origin");
    EXPECT_TRUE(has(allowed.header("access-control-expose-headers"), "etag"));
    EXPECT_FALSE(ask("https://other.example", "GET").has("access-control-allow-origin"));
    const auto before = ask("https://shop.example", "OPTIONS",
                            {{"access-control-request-method", "GET"},
                             {"access-control-request-headers", "if-none-match"}});
    EXPECT_EQ(before.status, 204);
    EXPECT_EQ(before.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(before.header("access-control-allow-headers"), "if-none-match");
    const auto without_slash =
        request(one.port(), "OPTIONS", "/add",
                {{"origin", "https://shop.example"}, {"access-control-request-method", "POST"}});
    EXPECT_EQ(without_slash.status, 204) << "no redirect is followed here";
    EXPECT_EQ(without_slash.header("access-control-allow-methods"), "POST, OPTIONS");
    const auto open = start({"--cors-allow-origin", "*"});
    for (const auto& headers : {header_list{{"origin", "null"}}, header_list{}}) {
        const auto answer = request(open.port(), "GET", "/count", headers);
        EXPECT_EQ(answer.header("access-control-allow-origin"), "*") << "caches give it to all";
        EXPECT_FALSE(answer.has("vary"));
    }
}

TEST_F(serve_flags, pages_of_the_origins_named_may_store_without_a_preflight) {
    const header_list of_page{{"origin", "https://shop.example"}, {"sec-fetch-site", "cross-site"}};
    const auto post = [&](const service& to) {
        return request(to.port(), "POST", "/add/", of_page, tutorial_order).status;
    };
    EXPECT_EQ(post(start({"--cors-allow-origin", "https://other.example"})), 403);
    EXPECT_EQ(post(start({"--cors-allow-origin", "https://shop.example"})), 200);
    EXPECT_EQ(post(start({"--cors-allow-origin", "*"})), 200);
    EXPECT_EQ(rows(), 12002);
}

TEST_F(serve_flags, a_refusal_has_what_every_answer_has) {
    const auto one = start({"--cors-allow-origin", "https://shop.example"});
    const auto answer = raw(one.port(),
                            "POST /add/ HTTP/1.1\r\nhost: shop\r\norigin: https://shop.example\r\n"
                            "accept: application/problem+json\r\nx-request-id: order-77\r\n"
                            "content-length: 9999999\r\n\r\n");
    for (const auto* line :
         {"HTTP/1.1 413 ", "x-request-id: order-77\r\n", "vary: accept\r\n", "vary: origin\r\n",
          "access-control-allow-origin: https://shop.example\r\n",
          "content-type: application/problem+json\r\n", R"("status":413)"})
        EXPECT_TRUE(has(answer, line)) << line << answer;
    EXPECT_TRUE(
        one.wait_for_log("invalid request: the body is too long\" 413 Payload Too Large "
                         "id=order-77"));
}

// ---- logs ----

constexpr auto trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST_F(serve_flags, requests_have_ids_in_answers_and_in_the_log) {
    const auto one = start({});
    const auto given = request(one.port(), "GET", "/count",
                               {{"x-request-id", "order-77"}, {"traceparent", trace}});
    EXPECT_EQ(given.header("x-request-id"), "order-77");
    EXPECT_TRUE(one.wait_for_log("\"GET /count HTTP/1.1\" 200 OK id=order-77 traceparent=" +
                                 std::string{trace}));
    const auto made = get(one.port(), "/count").header("x-request-id");
    EXPECT_EQ(made.size(), 16U) << made;
    EXPECT_NE(get(one.port(), "/count").header("x-request-id"), made);
    for (const auto& wrong : {std::string(129, 'a'), std::string{"a b"}, std::string{"\x80"}})
        EXPECT_EQ(request(one.port(), "GET", "/count", {{"x-request-id", wrong}})
                      .header("x-request-id")
                      .size(),
                  16U);
}

TEST_F(serve_flags, log_config_json_is_an_object_a_line) {
    const auto one = start({"--log-config", "json"});
    const auto id = get(one.port(), "/count?customerid=42&x=%22").header("x-request-id");
    EXPECT_TRUE(one.wait_for_log(R"(- \"GET /count?customerid=42&x=%22 HTTP/1.1\" 200 OK id=)" +
                                 id + "\"}\n"))
        << one.log();
    EXPECT_TRUE(one.log().starts_with(R"({"time":")")) << one.log();
}

TEST_F(serve_flags, no_access_log_leaves_requests_out) {
    const auto one = start({"--no-access-log"});
    EXPECT_EQ(count(one.port()), 12000);
    EXPECT_FALSE(has(one.log(), "GET /count"));
}

// ---- where settings come from ----

TEST_F(serve_flags, come_from_the_environment_too_and_are_shown) {
    const environment env{{"ORDERS_PORT", "8123"},
                          {"ORDERS_LIMIT_CONCURRENCY", "7"},
                          {"ORDERS_ACCESS_LOG", "false"},
                          {"ORDERS_CORS_ALLOW_ORIGIN", "*"},
                          {"PG_SERVICE_URI", "postgres://larder:sekrit@db.example/x"},
                          {"VALKEY_SERVICE_URI", "valkeys://larder:sekrit@cache.example:6380"}};
    const auto shown = run_orders({"serve", "--print-config", "--workers", "3"}, env);
    EXPECT_EQ(shown.status, 0);
    for (const auto* line :
         {"port = 8123\n", "limit-concurrency = 7\n", "access-log = false\n", "workers = 3\n",
          "cors-allow-origin = *\n", "VALKEY_SERVICE_URI = cache.example:6380\n", "user=larder"})
        EXPECT_TRUE(has(shown.out, line)) << line << shown.out;
    EXPECT_FALSE(has(shown.out + shown.err, "sekrit")) << shown.out;
    EXPECT_TRUE(
        has(run_orders({"serve", "--print-config", "--port", "8124"}, env).out, "port = 8124\n"))
        << "a flag comes first";
    const auto wrong = run_orders({"serve"}, {{"ORDERS_PORT", "many"}});
    EXPECT_EQ(wrong.status, 64);
    const auto lists =
        run_orders({"serve", "--print-config"}, {{"ORDERS_HEADER", "a:1\nb:2,3"},
                                                 {"ORDERS_CORS_ALLOW_ORIGIN", "http://a,http://b"},
                                                 {"ORDERS_PORT", "tcp://10.96.0.7:8000"}});
    EXPECT_TRUE(has(lists.out, "\nheader = a:1,b:2,3\n")) << lists.out << lists.err;
    EXPECT_TRUE(has(lists.out, "port = 8000\n")) << "Kubernetes has set it";
    auto two = servers.env();
    two["ORDERS_CORS_ALLOW_ORIGIN"] = "http://a, http://b";
    const service one{two, {}};
    EXPECT_EQ(request(one.port(), "GET", "/count", {{"origin", "http://b"}})
                  .header("access-control-allow-origin"),
              "http://b");
}

TEST_F(serve_flags, that_would_do_nothing_or_harm_are_refused) {
    for (const auto& [wrong, sentence] : std::vector<std::pair<flags, const char*>>{
             {{"--ssl-ca-certs", "ca.pem"}, "--ssl-ca-certs needs --ssl-keyfile"},
             {{"--forwarded-allow-ips", "10.0.0.0/33"}, "not 10.0.0.0/33"},
             {{"--forwarded-allow-ips", "proxy.example"}, "not proxy.example"},
             {{"--cors-allow-origin", "https://a,https://b/"}, "not https://b/"},
             {{"--cors-allow-origin", "shop.example"}, "not shop.example"},
             {{"--header", "Content-Length: 5"}, "--header cannot set Content-Length"},
             {{"--header", "transfer-encoding: chunked"}, "--header cannot set"}}) {
        flags all{"serve", "--port", "0"};
        all.insert(all.end(), wrong.begin(), wrong.end());
        const auto run = run_orders(all, servers.env());
        EXPECT_EQ(run.status, 78) << sentence;
        EXPECT_TRUE(has(run.err, sentence)) << run.err;
    }
}

// A thread for which there is no address space: its stack is as big as the limit says.
TEST_F(serve_flags, workers_that_cannot_be_started_are_told) {
    const auto run = run_to_end(
        {"/bin/sh", "-c", "ulimit -s 1099511627776 && exec \"$0\" serve --port 0 --workers 4",
         program("orders")},
        servers.env());
    EXPECT_EQ(run.status, 69);
    EXPECT_TRUE(has(run.err, "Cannot start 4 workers")) << run.err;
}

}  // namespace
}  // namespace larder::test
