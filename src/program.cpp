#include "larder/program.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "larder/app.hpp"
#include "larder/process_log.hpp"
#include "program/cache_commands.hpp"
#include "program/complaints.hpp"
#include "program/env_file.hpp"
#include "program/help.hpp"
#include "program/notify.hpp"
#include "program/output.hpp"
#include "program/reload/supervisor.hpp"
#include "program/serve_flags.hpp"
#include "program/settings.hpp"
#include "program/status_command.hpp"
#include "program/statuses.hpp"
#include "program/trace_settings.hpp"
#include "program/usage.hpp"
#include "program/version.hpp"

namespace larder::program {

namespace {

// With the servers that the environment names.
app_options options_with_servers(const description& of, const serve_flags& flags) {
    auto options = options_from(of, flags);
    // Each is read where it has no use as well: it may be wrong.
    const auto waits = source_deadline_from_environment();
    const auto connections = source_connections_from_environment();
    const auto idle = source_idle_from_environment();
    const auto cache_waits = cache_deadline_from_environment();
    if (auto server = source_from_environment(of.database))
        options.source = pg::pool_options{.server = std::move(*server),
                                          .max_of_process = connections,
                                          .idle_timeout = idle,
                                          .connect_timeout = waits,
                                          .acquire_timeout = waits};
    if (auto server = follow_source_from_environment(of.database))
        options.follow_source =
            pg::pool_options{.server = std::move(*server), .connect_timeout = waits};
    options.traces = traces_from_environment();
    if (auto server = shared_tier_from_environment())
        options.shared =
            valkey::client_options{.server = std::move(*server), .deadline = cache_waits};
    return options;
}

int serve(const description& of, const serve_flags& flags, std::vector<std::string> command_line,
          const complaints& to) {
    auto options = options_with_servers(of, flags);
    if (flags.prints_config) return print(text_of(of, flags, options), to);
    if (flags.reload)
        return reload::supervise({.command_line = std::move(command_line),
                                  .folders = {flags.reload_dirs.begin(), flags.reload_dirs.end()},
                                  .build_command = flags.reload_command,
                                  .listener = listen(options),
                                  .admin_listener = options.admin ? listen(*options.admin) : -1});
    options.on_ready = notify_ready;
    spdlog::info("Cache timeout is {}s", options.ttl.count());
    if (options.source) {
        const auto database = explain_database(of.database);
        spdlog::log(database.may_surprise ? spdlog::level::warn : spdlog::level::info, "{}",
                    database.sentence);
    }

    app at{std::move(options)};
    of.add_routes(at);
    return at.run();
}

int print_openapi(const description& of, const serve_flags& flags, const complaints& to) {
    app at{options_from(of, flags)};
    of.add_routes(at);
    return print(at.openapi(), to);
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

int follow(const description& of, follow_command what, bool dry_run, const complaints& to) {
    auto options = options_with_servers(of, {});
    if (!options.source) throw setting_error(no_source_uri);
    app at{std::move(options)};
    of.add_routes(at);
    try {
        std::string text;
        for (const auto& one : at.follow(what, dry_run)) text += one + '\n';
        if (text.empty()) text = "There is nothing to do\n";
        return print(text, to);
    } catch (const pg::error& e) {
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

// The program's own commands, each in its place among those of every program.
class own_commands {
public:
    own_commands(const std::vector<command>& all, CLI::App& program) : program_(program) {
        for (const auto& one : all) left_.push_back(&one);
    }
    void define_before(const std::string& next) {
        for (const auto* one : left_)
            if (one->before == next) define(*one);
        std::erase_if(left_, [&](const command* one) { return one->before == next; });
    }
    void define_rest() {
        for (const auto* one : left_) define(*one);
    }
    /// Nothing if none of them was given.
    std::optional<int> run() const {
        for (const auto& [given, act] : defined_)
            if (given->parsed()) return act();
        return std::nullopt;
    }

private:
    void define(const command& one) {
        auto* made = program_.add_subcommand(one.name, one.summary);
        defined_.emplace_back(made, one.define(*made));
    }

    CLI::App& program_;
    std::vector<const command*> left_;
    std::vector<std::pair<const CLI::App*, action>> defined_;
};

int run(const description& of, const std::vector<std::string>& words, int argc, char** argv,
        const complaints& to) {
    CLI::App program{of.summary, of.name};
    program.set_version_flag("--version", text_of_version(of));
    program.require_subcommand(1);
    own_commands own{of.commands, program};
    const auto add = [&](const std::string& name, const std::string& summary) {
        own.define_before(name);
        return program.add_subcommand(name, summary);
    };

    serve_flags flags;
    auto* serving = add("serve", of.serves);
    add_serve_flags(*serving, flags);

    auto* documenting =
        add("openapi", "Print the OpenAPI document that serve has at /openapi.json");

    auto* caching = add("cache", "Look after the cache");
    const auto look_after_cache =
        define_cache_commands(*caching, of, to, [&of] { return options_with_servers(of, {}); });

    auto* showing =
        add("status", "Show all instances that share the Valkey; exits with 1 if there is none");
    const auto show_status =
        define_status_command(*showing, of, to, [&of] { return options_with_servers(of, {}); });

    bool only_shows = false;
    auto* following = add("follow", "Let PostgreSQL tell of others' writes");
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

    own.define_rest();
    const auto print_usage = define_usage_commands(program, of, to);
    std::vector<std::string> env_files;
    add_env_file_flag(program, env_files);
    serving->footer(help_on_variables(of));
    if (const auto wrong = unknown_command(program, words); !wrong.empty()) {
        to.say(wrong);
        return status_usage;
    }
    const auto prefix = prefix_of(of.name);
    try {
        program.parse(argc, argv);
        if (serving->parsed()) {
            refuse_what_does_nothing(*serving, prefix);
            take_from_environment(*serving, prefix);
        }
    } catch (const CLI::CallForVersion& e) {  // whose end of line not every CLI11 prints
        return print(std::string{e.what()} + '\n', to);
    } catch (const CLI::ParseError& e) {
        std::ostringstream out, err;
        const bool is_help = program.exit(e, out, err) == 0;
        if (is_help) return print(out.str(), to);
        to.say_usage(err.str());
        return status_usage;
    }
    if (serving->parsed()) {
        process_log::set_level(flags.log_level);
        for (const auto& name : unknown_variables(*serving, prefix))
            spdlog::warn("{} is set, but there is no flag of that name", name);
        return serve(of, flags, words, to);
    }
    if (documenting->parsed()) return print_openapi(of, flags, to);
    if (caching->parsed()) return look_after_cache();
    if (showing->parsed()) return show_status();
    if (following->parsed()) {
        using what = follow_command;
        return follow(of,
                      setting_up->parsed() ? what::setup
                      : dropping->parsed() ? what::drop
                                           : what::status,
                      only_shows, to);
    }
    if (const auto status = own.run()) return *status;
    return print_usage();
}

}  // namespace

int run(const description& of, int argc, char** argv) {
    open_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a log may reach the limit of a file
    const std::vector<std::string> words{argv, argv + argc};
    std::optional<setting_error> wrong;
    try {
        take_env_files(words, prefix_of(of.name));
    } catch (const setting_error& e) {
        wrong = e;
    }
    const bool as_json = wants_json_log(words, prefix_of(of.name));
    process_log log{{.level = "warning", .json = as_json}};
    const complaints to{of.name, log, as_json};
    try {
        if (wrong) throw setting_error{*wrong};
        return run(of, words, argc, argv, to);
    } catch (const setting_error& e) {
        to.say(e.what());
        return status_config;
    } catch (const pg::error& e) {
        to.say(e.detail());
        return e.kind() == pg::failure::unavailable ? status_unavailable : 1;
    } catch (const std::system_error& e) {
        to.say(e.what());
        return status_unavailable;
    } catch (const std::exception& e) {
        to.say(e.what());
        return 1;
    }
}

}  // namespace larder::program
