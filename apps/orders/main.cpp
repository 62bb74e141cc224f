// The program `orders`: its commands and flags.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "check/command.hpp"
#include "help.hpp"
#include "larder/process_log.hpp"
#include "notify.hpp"
#include "orders.hpp"
#include "reload/supervisor.hpp"
#include "sample/load_sample.hpp"
#include "serve_flags.hpp"
#include "settings.hpp"

namespace {

using orders::add_serve_flags, orders::options_from, orders::serve_flags, orders::text_of;

// As in sysexits.h.
constexpr int status_usage = 64, status_unavailable = 69, status_config = 78;

// With the servers that the environment names.
larder::app_options options_with_servers(const serve_flags& flags) {
    auto options = options_from(flags);
    // Each is read where it has no use as well: it may be wrong.
    const auto waits = orders::source_deadline_from_environment();
    const auto connections = orders::source_connections_from_environment();
    const auto idle = orders::source_idle_from_environment();
    const auto cache_waits = orders::cache_deadline_from_environment();
    if (auto server = orders::source_from_environment())
        options.source = larder::pg::pool_options{.server = std::move(*server),
                                                  .max_of_process = connections,
                                                  .idle_timeout = idle,
                                                  .connect_timeout = waits,
                                                  .acquire_timeout = waits};
    if (auto server = orders::follow_source_from_environment())
        options.follow_source =
            larder::pg::pool_options{.server = std::move(*server), .connect_timeout = waits};
    if (auto server = orders::shared_tier_from_environment())
        options.shared =
            larder::valkey::client_options{.server = std::move(*server), .deadline = cache_waits};
    return options;
}

int serve(const serve_flags& flags, std::vector<std::string> command_line) {
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
    if (options.source) {
        const auto database = orders::explain_database();
        spdlog::log(database.may_surprise ? spdlog::level::warn : spdlog::level::info, "{}",
                    database.sentence);
    }

    larder::app at{std::move(options)};
    orders::add_routes(at);
    return at.run();
}

int print_openapi(const serve_flags& flags) {
    larder::app at{options_from(flags)};
    orders::add_routes(at);
    std::cout << at.openapi() << std::flush;
    return std::cout ? 0 : 1;
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

// The descriptors 0 to 2, if they are closed: the next socket would be one of them, and whoever
// writes to standard error would write to a client.
void open_standard_descriptors() {
    int opened = -1;
    do opened = ::open("/dev/null", O_RDWR);
    while (opened >= 0 && opened <= STDERR_FILENO);
    if (opened < 0) std::_Exit(status_unavailable);
    ::close(opened);
}

// Errors, of a start or a command, go the way of the log: whoever does not read them stops nothing.
class complaints {
public:
    complaints(larder::process_log& log, bool as_json) : log_(log), as_json_(as_json) {}
    /// A sentence.
    void say(const std::string& sentence) const {
        if (as_json_) spdlog::critical("{}", sentence);
        else log_.say("orders: " + sentence + "\n");
    }
    /// Lines, as CLI11 has them.
    void say_usage(const std::string& lines) const {
        if (as_json_) spdlog::critical("{}", lines.substr(0, lines.find('\n')));
        else log_.say(lines);
    }

private:
    larder::process_log& log_;
    const bool as_json_;
};

int purge_cache(const complaints& to) {
    auto options = options_with_servers({});
    if (!options.source) throw orders::setting_error("PG_SERVICE_URI is empty/unset");
    if (!options.shared) throw orders::setting_error("VALKEY_SERVICE_URI is empty/unset");
    larder::app at{std::move(options)};
    orders::add_routes(at);
    const auto purged = at.purge_cache();
    if (!purged) {
        to.say("Valkey or PostgreSQL does not answer, or somebody else purges: try again");
        return status_unavailable;
    }
    std::cout << "Deleted " << *purged << " entries; the cache is this database's now\n";
    return 0;
}

int follow(larder::follow_command what, bool dry_run, const complaints& to) {
    auto options = options_with_servers({});
    if (!options.source) throw orders::setting_error("PG_SERVICE_URI is empty/unset");
    larder::app at{std::move(options)};
    orders::add_routes(at);
    try {
        const auto lines = at.follow(what, dry_run);
        for (const auto& one : lines) std::cout << one << '\n';
        if (lines.empty()) std::cout << "There is nothing to do\n";
        return 0;
    } catch (const larder::pg::error& e) {
        to.say(e.detail());
        return status_unavailable;
    }
}

// A word where a command should be, and what there is; empty if it is one.
std::string unknown_command(const CLI::App& program, const std::vector<std::string>& words) {
    const auto* at = &program;
    for (std::size_t i = 1; i < words.size() && !words[i].starts_with('-'); ++i) {
        const auto commands = at->get_subcommands({});
        if (commands.empty()) return {};
        std::string names;
        const CLI::App* found = nullptr;
        for (const auto* one : commands) {
            names += (names.empty() ? "" : ", ") + one->get_name();
            if (one->get_name() == words[i]) found = one;
        }
        if (!found) return "there is no command '" + words[i] + "'; there are: " + names;
        at = found;
    }
    return {};
}

int run(const std::vector<std::string>& words, int argc, char** argv, const complaints& to) {
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

    bool only_shows = false;
    auto* following = program.add_subcommand("follow", "Let PostgreSQL tell of others' writes");
    following->require_subcommand(1);
    auto* setting_up = following->add_subcommand(
        "setup",
        "Publish the tables, with whole old rows (REPLICA IDENTITY FULL); with "
        "CACHE_FOLLOW=trigger, make triggers that tell of their rows");
    following->add_subcommand("status",
                              "Say whether they are, who follows since when, and how late");
    auto* dropping = following->add_subcommand("drop", "Take back what setup did");
    for (auto* one : {setting_up, dropping})
        one->add_flag("--dry-run", only_shows, "Print the SQL, and change nothing");

    orders::check::command_flags checks;
    auto* checking = program.add_subcommand(
        "check", "Write and read through running instances, and check every answer");
    orders::check::add_flags(*checking, checks);

    serving->footer(orders::help_on_variables());
    if (const auto wrong = unknown_command(program, words); !wrong.empty()) {
        to.say(wrong);
        return status_usage;
    }
    try {
        program.parse(argc, argv);
        if (serving->parsed()) {
            orders::refuse_what_does_nothing(*serving);
            orders::take_from_environment(*serving);
        }
    } catch (const CLI::ParseError& e) {
        std::ostringstream out, err;
        const bool is_help = program.exit(e, out, err) == 0;
        std::cout << out.str() << std::flush;
        if (!is_help) to.say_usage(err.str());
        return is_help ? 0 : status_usage;
    }
    if (serving->parsed()) {
        larder::process_log::set_level(flags.log_level);
        for (const auto& name : orders::unknown_variables(*serving))
            spdlog::warn("{} is set, but there is no flag of that name", name);
        return serve(flags, words);
    }
    if (documenting->parsed()) return print_openapi(flags);
    if (caching->parsed()) return purge_cache(to);
    if (following->parsed()) {
        using what = larder::follow_command;
        return follow(setting_up->parsed() ? what::setup
                      : dropping->parsed() ? what::drop
                                           : what::status,
                      only_shows, to);
    }
    return checking->parsed() ? orders::check::run(checks) : load_sample(orders, reset);
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a log may reach the limit of a file
    const std::vector<std::string> words{argv, argv + argc};
    const bool as_json = orders::wants_json_log(words);
    larder::process_log log{{.level = "warning", .json = as_json}};
    const complaints to{log, as_json};
    try {
        return run(words, argc, argv, to);
    } catch (const orders::setting_error& e) {
        to.say(e.what());
        return status_config;
    } catch (const std::system_error& e) {
        to.say(e.what());
        return status_unavailable;
    } catch (const std::exception& e) {
        to.say(e.what());
        return 1;
    }
}
