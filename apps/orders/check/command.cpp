#include "check/command.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "check/checker.hpp"
#include "orders.hpp"

namespace orders::check {

namespace {

struct command_flags {
    std::int64_t seconds = 10;
    std::int64_t read_pause = 0, write_pause = 0, timeout = 2'000, settle = 5'000,
                 allowed_stale = 0;  // ms
    std::vector<std::string> urls{"http://127.0.0.1:8000"};
    bool as_json = false;
    CLI::Option* allows_stale = nullptr;
    options how;
};

void add_flags(CLI::App& checking, command_flags& flags) {
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
        .add_option("--read-pause-ms", flags.read_pause, "Of a reader after an answer, on average")
        ->check(at_most_an_hour)
        ->capture_default_str();
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
    flags.allows_stale =
        checking
            .add_option("--allow-stale-ms", flags.allowed_stale,
                        "Answers that lack orders acknowledged at most this long before are "
                        "reported, but are no violation: for when instances are frozen or cut off")
            ->check(at_most_an_hour)
            ->capture_default_str();
    checking.add_flag("--external", how.is_external,
                      "Writers INSERT into PostgreSQL, as another program would, and what they add "
                      "may be 1000 ms late if --allow-stale-ms does not say otherwise");
    checking.add_flag("--json", flags.as_json, "One line of JSON instead of the table");
    checking.footer(
        "Adds orders to PG_DATABASE on PG_SERVICE_URI and leaves them there. Other programs that "
        "add orders meanwhile make it report overcounts, and others that delete some make it "
        "report stale reads. Exit status: 0 consistent, 1 a violation; 64, 69 or 78: not checked.");
}

int run(const command_flags& flags) {
    using std::chrono::milliseconds;
    auto server = larder::program::source_from_environment(default_database);
    if (!server)
        throw larder::program::setting_error(
            "PG_SERVICE_URI is empty/unset: it says what the truth is");
    auto how = flags.how;
    how.source = std::move(*server);
    how.urls = flags.urls;
    how.duration = std::chrono::seconds{flags.seconds};
    how.read_pause = milliseconds{flags.read_pause};
    how.write_pause = milliseconds{flags.write_pause};
    how.timeout = milliseconds{flags.timeout};
    how.settle = milliseconds{flags.settle};
    how.allowed_stale = milliseconds{flags.allowed_stale};
    if (how.is_external && flags.allows_stale->count() == 0)
        how.allowed_stale = milliseconds{1'000};
    return check(std::move(how), flags.as_json);
}

}  // namespace

larder::program::action define(CLI::App& checking) {
    const auto flags = std::make_shared<command_flags>();
    add_flags(checking, *flags);
    return [flags] { return run(*flags); };
}

}  // namespace orders::check
