// The program `orders`: its commands and flags.
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "check/checker.hpp"
#include "notify.hpp"
#include "orders.hpp"
#include "reload/supervisor.hpp"
#include "sample/load_sample.hpp"
#include "serve_flags.hpp"
#include "settings.hpp"

namespace {

using orders::add_serve_flags, orders::options_from, orders::serve_flags, orders::set_up_log,
    orders::text_of;

// As in sysexits.h.
constexpr int status_usage = 64, status_unavailable = 69, status_config = 78;

// With the servers that the environment names.
larder::app_options options_with_servers(const serve_flags& flags) {
    auto options = options_from(flags);
    const auto waits = orders::source_deadline_from_environment();
    const auto connections = orders::source_connections_from_environment();
    const auto idle = orders::source_idle_from_environment();
    if (auto server = orders::source_from_environment())
        options.source = larder::pg::pool_options{.server = std::move(*server),
                                                  .max_of_process = connections,
                                                  .idle_timeout = idle,
                                                  .connect_timeout = waits,
                                                  .acquire_timeout = waits};
    if (auto server = orders::shared_tier_from_environment())
        options.shared = larder::valkey::client_options{
            .server = std::move(*server), .deadline = orders::cache_deadline_from_environment()};
    return options;
}

int serve(const serve_flags& flags, std::vector<std::string> command_line) {
    set_up_log(flags);
    auto options = options_with_servers(flags);
    if (flags.prints_config) {
        std::cout << text_of(flags, options) << std::flush;
        return std::cout ? 0 : 1;
    }
    if (flags.reload)
        return orders::reload::supervise(
            {.command_line = std::move(command_line),
             .folders = {flags.reload_dirs.begin(), flags.reload_dirs.end()},
             .build_command = flags.reload_command,
             .listener = larder::listen(options)});
    options.on_ready = orders::notify_ready;
    spdlog::info("Cache timeout is {}s", options.ttl.count());

    larder::app at{std::move(options)};
    orders::add_routes(at);
    return at.run();
}

int print_openapi(const serve_flags& flags) {
    set_up_log({.log_level = "warning"});
    larder::app at{options_from(flags)};
    orders::add_routes(at);
    std::cout << at.openapi() << std::flush;
    return std::cout ? 0 : 1;
}

int purge_cache() {
    set_up_log({.log_level = "warning"});
    auto options = options_with_servers({});
    if (!options.source) throw orders::setting_error("PG_SERVICE_URI is empty/unset");
    if (!options.shared) throw orders::setting_error("VALKEY_SERVICE_URI is empty/unset");
    larder::app at{std::move(options)};
    orders::add_routes(at);
    const auto purged = at.purge_cache();
    if (!purged) {
        std::cerr << "orders: Valkey or PostgreSQL does not answer, or somebody else purges: try "
                     "again\n";
        return status_unavailable;
    }
    std::cout << "Deleted " << *purged << " entries; the cache is this database's now\n";
    return 0;
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

struct check_flags {
    std::int64_t seconds = 10;
    std::int64_t write_pause = 0, timeout = 2'000, settle = 5'000, allowed_stale = 0;  // ms
    std::vector<std::string> urls{"http://127.0.0.1:8000"};
    bool as_json = false;
    orders::check::options how;
};

void add_check_flags(CLI::App& checking, check_flags& flags) {
    auto& how = flags.how;
    auto* seconds = checking.add_option("--seconds", flags.seconds, "How long at most")
                        ->check(CLI::Range(1, 1'000'000))
                        ->capture_default_str();
    checking.add_option("--urls", flags.urls, "The instances")
        ->delimiter(',')
        ->capture_default_str();
    checking.add_option("--write-urls", how.write_urls, "Those that take writes; default: all")
        ->delimiter(',');
    checking.add_option("--writers", how.writers, "Connections that POST at a time")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    checking.add_option("--readers", how.readers, "Connections that GET at a time")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    checking
        .add_option_function<std::int64_t>(
            "--reads",
            [&flags, seconds](std::int64_t n) {
                flags.how.reads = n;
                if (seconds->count() == 0) flags.seconds = 1'000'000;
            },
            "How many GETs at most, however long they take")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000}));
    checking.add_option("--customers", how.customers, "Orders are of customers 1 to this")
        ->check(CLI::Range(1, 20'000))
        ->capture_default_str();
    const CLI::Range at_most_an_hour{std::int64_t{0}, std::int64_t{3'600'000}};
    checking
        .add_option("--write-pause-ms", flags.write_pause, "Of a writer after an order, on average")
        ->check(at_most_an_hour)
        ->capture_default_str();
    checking.add_option("--timeout-ms", flags.timeout, "For one request")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{3'600'000}))
        ->capture_default_str();
    checking
        .add_option("--settle-ms", flags.settle,
                    "For every instance to answer PostgreSQL's counts at the end")
        ->check(at_most_an_hour)
        ->capture_default_str();
    checking
        .add_option("--allow-stale-ms", flags.allowed_stale,
                    "Answers that lack orders acknowledged at most this long before are reported, "
                    "but are no violation: for when instances are frozen or cut off")
        ->check(at_most_an_hour)
        ->capture_default_str();
    checking.add_flag("--json", flags.as_json, "One line of JSON instead of the table");
    checking.footer(
        "Adds orders to PG_DATABASE on PG_SERVICE_URI and leaves them there. Other programs that "
        "add orders meanwhile make it report overcounts, and others that delete some make it "
        "report stale reads. Exit status: 0 consistent, 1 a violation; 64, 69 or 78: not checked.");
}

int check(const check_flags& flags) {
    using std::chrono::milliseconds;
    auto server = orders::source_from_environment();
    if (!server)
        throw orders::setting_error("PG_SERVICE_URI is empty/unset: it says what the truth is");
    auto how = flags.how;
    how.source = std::move(*server);
    how.urls = flags.urls;
    how.duration = std::chrono::seconds{flags.seconds};
    how.write_pause = milliseconds{flags.write_pause};
    how.timeout = milliseconds{flags.timeout};
    how.settle = milliseconds{flags.settle};
    how.allowed_stale = milliseconds{flags.allowed_stale};
    return orders::check::check(std::move(how), flags.as_json);
}

int run(int argc, char** argv) {
    CLI::App program{"Counts orders over HTTP, from PostgreSQL, cached in Valkey.", "orders"};
    program.set_version_flag("--version", LARDER_VERSION);
    program.require_subcommand(1);

    serve_flags flags;
    auto* serving = program.add_subcommand("serve", "Serve GET /count and POST /add/");
    add_serve_flags(*serving, flags);

    std::int64_t orders = 12'000;
    bool reset = false;
    auto* loading = program.add_subcommand(
        "load-sample", "Create the sample database PG_DATABASE on PG_SERVICE_URI");
    loading->add_option("--orders", orders, "How many orders")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{100'000'000}))
        ->capture_default_str();
    loading->add_flag("--reset", reset, "Drop the sample's tables first, if they are there");

    auto* documenting = program.add_subcommand(
        "openapi", "Print the OpenAPI document that serve has at /openapi.json");

    auto* caching = program.add_subcommand("cache", "Look after the cache");
    caching->require_subcommand(1);
    caching->add_subcommand(
        "purge",
        "Delete all entries in Valkey, and take the cache over for PG_DATABASE on PG_SERVICE_URI: "
        "after it was restored, say, or took another one's place");

    check_flags checks;
    auto* checking = program.add_subcommand(
        "check", "Write and read through running instances, and check every answer");
    add_check_flags(*checking, checks);

    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return program.exit(e) == 0 ? 0 : status_usage;
    }
    if (serving->parsed()) return serve(flags, {argv, argv + argc});
    if (documenting->parsed()) return print_openapi(flags);
    if (caching->parsed()) return purge_cache();
    return checking->parsed() ? check(checks) : load_sample(orders, reset);
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
