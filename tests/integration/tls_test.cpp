// TLS to Valkey (valkeys://, rediss://) and to PostgreSQL (sslmode=require).

#include <gtest/gtest.h>

#include "support/certificate.hpp"
#include "support/json_text.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

/// A Valkey with a port for TLS, and one without, through which the test looks in.
struct tls_valkey {
    explicit tls_valkey(const certificate& own, const char* asks_for_certificates = "no")
        : server{{"--port", std::to_string(port), "--tls-port", std::to_string(tls_port),
                  "--tls-cert-file", own.file(), "--tls-key-file", own.key(), "--tls-ca-cert-file",
                  own.file(), "--tls-auth-clients", asks_for_certificates}} {}

    std::uint16_t port = free_port();
    std::uint16_t tls_port = free_port();
    special_valkey server;
    valkey_client client{port};
};

struct valkey_tls : store_test {
    static inline std::unique_ptr<certificate> here;       // for localhost and 127.0.0.1
    static inline std::unique_ptr<certificate> elsewhere;  // for another host

    static void SetUpTestSuite() {
        here = std::make_unique<certificate>("DNS:localhost,IP:127.0.0.1");
        elsewhere = std::make_unique<certificate>("DNS:elsewhere.example");
    }
    static void TearDownTestSuite() {
        here.reset();
        elsewhere.reset();
    }
    environment env(const std::string& uri, const certificate* trusted) {
        auto all = servers.env();
        all["VALKEY_SERVICE_URI"] = uri;
        if (trusted != nullptr) all["SSL_CERT_FILE"] = trusted->file();
        return all;
    }
    void expect_cached(const service& one, tls_valkey& in) {
        EXPECT_EQ(count(one.port()), 12000);
        EXPECT_TRUE(eventually([&] {
            count(one.port());
            return in.client.get("num_orders:all") == "12000";
        })) << one.log();
        in.client.set("num_orders:all", "77");
        // Valkey may answer that SET a moment before it tells the service of it.
        EXPECT_TRUE(eventually([&] { return count(one.port()) == 77; }));
        add_tutorial_order(one.port());
        EXPECT_EQ(count(one.port()), 12001);
    }
    /// Right answers, none of them late, and nothing goes to that Valkey.
    void expect_served_without(const service& one, tls_valkey& valkey_not_used) {
        for (int i = 0; i < 10; ++i) {
            const auto start = std::chrono::steady_clock::now();
            EXPECT_EQ(count(one.port()), 12000 + i);
            add_tutorial_order(one.port());
            EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{1} * slack);
        }
        EXPECT_EQ(valkey_not_used.client.get("num_orders:all"), std::nullopt);
    }
};

TEST_F(valkey_tls, with_a_trusted_certificate_is_used_by_address_and_by_name) {
    tls_valkey valkey{*here};
    for (const auto* start : {"valkeys://127.0.0.1:", "valkeys://localhost:", "rediss://localhost:",
                              "rediss://127.0.0.1:"}) {
        SCOPED_TRACE(start);
        SetUp();
        valkey.client.flush();
        const service one{env(start + std::to_string(valkey.tls_port) + "/0", here.get())};
        expect_cached(one, valkey);
    }
}

TEST_F(valkey_tls, that_asks_for_a_certificate_is_shown_the_one_in_the_uri) {
    tls_valkey valkey{*here, "yes"};
    const auto uri = "valkeys://127.0.0.1:" + std::to_string(valkey.tls_port);
    const auto shown = uri + "?ssl_certfile=" + here->file() + "&ssl_keyfile=" + here->key();
    {
        const service one{env(shown, here.get())};
        expect_cached(one, valkey);
    }
    for (const auto& [wrong, words] :
         {std::pair{uri, std::string{"certificate"}},
          std::pair{uri + "?ssl_certfile=/nonexistent/a.pem",
                    std::string{"ssl_certfile cannot be read from /nonexistent/a.pem: "}},
          std::pair{uri + "?ssl_certfile=" + here->file(),
                    "ssl_keyfile cannot be read from " + here->file() + ": "}}) {
        SCOPED_TRACE(wrong);
        SetUp();
        valkey.client.flush();
        const service one{env(wrong, here.get())};
        expect_served_without(one, valkey);
        EXPECT_TRUE(one.wait_for_log(words)) << one.log();
    }
}

TEST_F(valkey_tls, with_an_untrusted_certificate_is_refused_and_told) {
    tls_valkey valkey{*here};
    const service one{env("valkeys://127.0.0.1:" + std::to_string(valkey.tls_port), nullptr)};
    expect_served_without(one, valkey);
    EXPECT_TRUE(one.wait_for_log("certificate cannot be trusted: self-signed certificate"))
        << one.log();
}

TEST_F(valkey_tls, with_another_hosts_certificate_is_refused_and_told) {
    tls_valkey valkey{*elsewhere};
    for (const auto* host : {"127.0.0.1", "localhost"}) {
        SCOPED_TRACE(host);
        SetUp();
        const auto uri = "valkeys://" + std::string{host} + ":" + std::to_string(valkey.tls_port);
        const service one{env(uri, elsewhere.get())};
        expect_served_without(one, valkey);
        EXPECT_TRUE(
            one.wait_for_log("certificate cannot be trusted: it is not for " + std::string{host}))
            << one.log();
    }
}

TEST_F(valkey_tls, spoken_to_a_port_without_it_costs_only_the_cache) {
    tls_valkey valkey{*here};
    const service one{env("valkeys://127.0.0.1:" + std::to_string(valkey.port), here.get())};
    expect_served_without(one, valkey);
}

TEST_F(valkey_tls, that_is_missing_in_the_uri_costs_only_the_cache) {
    tls_valkey valkey{*here};
    const service one{env("valkey://127.0.0.1:" + std::to_string(valkey.tls_port), here.get())};
    expect_served_without(one, valkey);
}

struct postgres_tls : store_test {
    /// As PostgreSQL's own user and in its folder, who alone may read its key.
    void turn_on() {
        auto client = servers.store.connect();
        client.exec(
            "COPY (SELECT 1) TO PROGRAM 'openssl req -x509 -newkey ec"
            " -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 2 -subj /CN=larder"
            " -keyout server.key -out server.crt 2>&1'");
        client.exec("ALTER SYSTEM SET ssl = on");
        client.exec("SELECT pg_reload_conf()");
        EXPECT_TRUE(eventually([this] { return sql("SHOW ssl") == "on"; }));
    }
    void TearDown() override {
        auto client = servers.store.connect();
        client.exec("ALTER SYSTEM RESET ssl");
        client.exec("SELECT pg_reload_conf()");
        EXPECT_TRUE(eventually([this] { return sql("SHOW ssl") == "off"; }));
    }
    environment env(const std::string& parameters) {
        auto all = servers.env();
        all["PG_SERVICE_URI"] = servers.postgres.with(parameters);
        return all;
    }
};

TEST_F(postgres_tls, that_is_required_is_used) {
    turn_on();
    const service one{env("sslmode=require&application_name=tls_test")};
    EXPECT_EQ(count(one.port()), 12000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 12001);
    EXPECT_EQ(sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                  " WHERE application_name = 'tls_test'"),
              "t");
}

TEST_F(postgres_tls, that_is_required_and_missing_is_a_503) {
    const service one{env("sslmode=require")};
    const auto answer = get(one.port(), "/count");
    EXPECT_EQ(answer.status, 503);
    const auto detail = detail_of(answer.body);
    EXPECT_TRUE(detail.starts_with("Error connecting to database: ")) << detail;
}

TEST_F(postgres_tls, with_an_untrusted_certificate_is_refused_where_it_is_to_be_verified) {
    turn_on();
    const service one{env("sslmode=verify-full&sslrootcert=/nonexistent")};
    EXPECT_EQ(get(one.port(), "/count").status, 503);
}

}  // namespace
}  // namespace larder::test
