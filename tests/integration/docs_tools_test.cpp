// What others wrote for OpenAPI documents, and a browser, meet the service: the scripts in
// tests/docs.

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <utility>
#include <vector>

#include "support/store_test.hpp"

namespace larder::test {
namespace {

std::string url_of(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

struct docs_tools : shared_service_test {
    /// A script ends with status 0 if all is well.
    void run(const std::string& script, std::vector<std::string> args = {}) const {
        run_at(url_of(port()), script, std::move(args));
    }
    static void run_at(const std::string& url, const std::string& script,
                       std::vector<std::string> args = {}) {
        args.insert(args.begin(), {"node", LARDER_SOURCE_DIR "/tests/docs/" + script, url});
        const auto ended = run_to_end(args, {}, std::chrono::seconds{200});
        EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    }
};

TEST_F(docs_tools, linters_have_nothing_to_say) { run("lint.mjs"); }

TEST_F(docs_tools, of_others_have_nothing_against_another_service) {
    const auto env = servers.env();
    const auto loaded = run_to_end({program("basket"), "load-sample"}, env);
    EXPECT_EQ(loaded.status, 0) << loaded.err;
    const auto port = std::to_string(free_port());
    child basket{{program("basket"), "serve", "--port", port}, env};
    EXPECT_TRUE(basket.wait_for_err("basket listening")) << basket.err();
    const auto url = "http://127.0.0.1:" + port;
    run_at(url, "lint.mjs");
    run_at(url, "clients.mjs", {"basket_clients"});
    basket.signal(SIGTERM);
    EXPECT_EQ(basket.wait(), 0) << basket.err();
}

// With bearer tokens, keys and headers.
TEST_F(docs_tools, of_others_have_nothing_against_a_service_that_asks_who_it_is) {
    const auto port = std::to_string(free_port());
    child notebook{{program("examples/example_notebook"), "serve", "--port", port}, servers.env()};
    EXPECT_TRUE(notebook.wait_for_err("notebook listening")) << notebook.err();
    run_at("http://127.0.0.1:" + port, "lint.mjs");
    notebook.signal(SIGTERM);
    EXPECT_EQ(notebook.wait(), 0) << notebook.err();
}

TEST_F(docs_tools, generated_clients_compile_and_talk_to_the_service) {
    run("clients.mjs");
    EXPECT_EQ(rows(), 12002);
}

TEST_F(docs_tools, a_validating_proxy_finds_the_document_true) {
    const service unconfigured{{}};
    auto nowhere = servers.env();
    nowhere["PG_SERVICE_URI"] =
        "postgres://somebody@127.0.0.1:" + std::to_string(free_port()) + "/x";
    const service without_database{nowhere};
    run("proxy.mjs", {url_of(unconfigured.port()), url_of(without_database.port())});
}

TEST_F(docs_tools, both_operations_can_be_tried_in_a_browser) {
    run("browser.mjs");
    EXPECT_EQ(rows(), 12001);
}

}  // namespace
}  // namespace larder::test
