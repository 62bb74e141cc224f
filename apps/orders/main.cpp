// The program `orders`: its commands and flags.
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <iostream>
#include <map>
#include <string>
#include <system_error>

#include "orders.hpp"
#include "sample/load_sample.hpp"
#include "settings.hpp"

namespace {

// As in sysexits.h.
constexpr int status_usage = 64, status_unavailable = 69, status_config = 78;

struct serve_flags {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;
    unsigned workers = 0;
    std::string log_level = "info";
};

void set_up_log(const std::string& level) {
    auto log = spdlog::stderr_color_mt("orders");
    log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-8l%$ %v");
    log->set_level(spdlog::level::from_str(level));
    spdlog::set_default_logger(std::move(log));
}

int serve(const serve_flags& flags) {
    set_up_log(flags.log_level);
    larder::app_options options{
        .name = "orders",
        .host = flags.host,
        .port = flags.port,
        .workers = flags.workers,
        .no_source =
            "Internal server error. Database not specified - environment variable "
            "PG_SERVICE_URI is empty/unset",
        .no_shared =
            "Internal server error. Valkey service not specified - environment variable "
            "VALKEY_SERVICE_URI is empty/unset",
        .ttl = orders::ttl_from_environment(),
        .local_bytes = orders::local_bytes_from_environment(),
    };
    if (auto server = orders::source_from_environment())
        options.source = larder::pg::pool_options{.server = std::move(*server)};
    if (auto server = orders::shared_tier_from_environment())
        options.shared = larder::valkey::client_options{
            .server = std::move(*server), .deadline = orders::cache_deadline_from_environment()};
    spdlog::info("Cache timeout is {}s", options.ttl.count());

    larder::app at{std::move(options)};
    orders::add_routes(at);
    return at.run();
}

int load_sample(std::int64_t orders, bool reset) {
    auto server = orders::source_from_environment();
    if (!server)
        throw orders::setting_error("PG_SERVICE_URI is empty/unset: it says which server to load");
    return orders::load_sample({.server = server->all(),
                                .database = orders::database_from_environment(),
                                .orders = orders,
                                .reset = reset});
}

int run(int argc, char** argv) {
    CLI::App program{"Counts orders over HTTP, from PostgreSQL, cached in Valkey.", "orders"};
    program.set_version_flag("--version", LARDER_VERSION);
    program.require_subcommand(1);

    serve_flags flags;
    auto* serving = program.add_subcommand("serve", "Serve GET /count and POST /add/");
    serving->add_option("--host", flags.host, "Name or address to listen on")
        ->capture_default_str();
    serving->add_option("--port", flags.port, "Port to listen on; 0 takes any free one")
        ->capture_default_str();
    serving->add_option("--workers", flags.workers, "Worker threads; default: one a core")
        ->check(CLI::Range(1, 1024));
    serving->add_option("--log-level", flags.log_level)
        ->check(CLI::IsMember({"critical", "error", "warning", "info", "debug", "trace"}))
        ->capture_default_str();

    std::int64_t orders = 12'000;
    bool reset = false;
    auto* loading = program.add_subcommand(
        "load-sample", "Create the sample database PG_DATABASE on PG_SERVICE_URI");
    loading->add_option("--orders", orders, "How many orders")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000}))
        ->capture_default_str();
    loading->add_flag("--reset", reset, "Drop the sample's tables first, if they are there");

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : status_usage;
    }
    return serving->parsed() ? serve(flags) : load_sample(orders, reset);
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run(argc, argv);
    } catch (const orders::setting_error& e) {
        std::cerr << "orders: " << e.what() << '\n';
        return status_config;
    } catch (const std::system_error& e) {
        std::cerr << "orders: " << e.what() << '\n';
        return status_unavailable;
    } catch (const std::exception& e) {
        std::cerr << "orders: " << e.what() << '\n';
        return 1;
    }
}
