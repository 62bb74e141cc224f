// What somebody else left in Valkey may be of any size: neither memory nor the process is lost.

#include <gtest/gtest.h>

#include <fstream>

#include "support/certificate.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* mark = "larder:trusted:num_orders";

struct valkey_sizes : store_test, testing::WithParamInterface<const char*> {
    certificate own{"DNS:localhost,IP:127.0.0.1"};
    std::uint16_t port = free_port();
    std::uint16_t tls_port = free_port();
    scratch_folder folder{"sizes"};
    std::string socket = folder.path + "/valkey.sock";
    special_valkey server{{"--port", std::to_string(port), "--tls-port", std::to_string(tls_port),
                           "--tls-cert-file", own.file(), "--tls-key-file", own.key(),
                           "--tls-ca-cert-file", own.file(), "--tls-auth-clients", "no",
                           "--unixsocket", socket}};
    valkey_client by{port};

    std::string uri() const {
        if (GetParam() == std::string_view{"tls"})
            return "valkeys://127.0.0.1:" + std::to_string(tls_port) +
                   "?ssl_ca_certs=" + own.file();
        if (GetParam() == std::string_view{"unix"}) return "unix://" + socket;
        return "valkey://127.0.0.1:" + std::to_string(port);
    }
    service start() {
        auto env = servers.env();
        env["VALKEY_SERVICE_URI"] = uri();
        return service{env, {"--workers", "1"}};
    }
    void expect_caching(const service& one) {
        EXPECT_TRUE(eventually([&] {
            EXPECT_EQ(count(one.port()), rows());
            return by.get("num_orders:all") == std::to_string(rows());
        })) << one.log();
    }
    static long most_resident_kib(const service& one) {
        std::ifstream status{"/proc/" + std::to_string(one.pid()) + "/status"};
        for (std::string word; status >> word;)
            if (long kib = 0; word == "VmHWM:" && status >> kib) return kib;
        return -1;
    }
};

TEST_P(valkey_sizes, of_a_mark_cost_nothing) {
    const auto one = start();
    expect_caching(one);
    const auto before = most_resident_kib(one);
    by.command({"SETRANGE", mark, "200000000", "x"});
    EXPECT_TRUE(eventually([&] { return std::stol(*by.command({"STRLEN", mark})) < 1000; }))
        << one.log();
    expect_caching(one);
    EXPECT_LT(most_resident_kib(one) - before, 20'000 * slack);
}

TEST_P(valkey_sizes, of_a_keys_name_keep_valkey_from_being_used_and_are_told) {
    auto one = start();
    expect_caching(one);
    const auto before = most_resident_kib(one);
    const auto key = "num_orders:" + std::string(30'000'000, 'x');
    by.set(key, "1");
    by.del(mark);  // so that it is looked through
    EXPECT_TRUE(one.wait_for_log("it sent a reply of more than 8 MiB")) << one.log();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(count(one.port()), rows());
        add_tutorial_order(one.port());
    }
    EXPECT_LT(most_resident_kib(one) - before, 30'000 * slack);
    by.del(key);
    expect_caching(one);
    // Of the life that served, and of those that did not.
    EXPECT_LE(times("more than 8 MiB", one.log()), 2U) << one.log();
    one.signal(SIGTERM);
    EXPECT_EQ(one.wait_for_exit(5s * slack), 0);
}

INSTANTIATE_TEST_SUITE_P(over, valkey_sizes, testing::Values("tcp", "tls", "unix"),
                         [](const auto& row) { return std::string{row.param}; });

}  // namespace
}  // namespace larder::test
