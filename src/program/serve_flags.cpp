#include "program/serve_flags.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "program/variables.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

std::string in_capitals(std::string name) {
    for (auto& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
    return name;
}

// Of --limit-concurrency: ORDERS_LIMIT_CONCURRENCY. Empty for what comes from the command line
// only.
std::string variable_of(const std::string& flag, const std::string& prefix) {
    if (flag == "help" || flag == "print-config") return {};
    return prefix + in_capitals(flag);
}

// Kubernetes says of a Service named orders ORDERS_PORT=tcp://10.96.0.7:8000, which is not meant
// for us.
bool is_meant(const std::string& name, const std::string& value, const std::string& prefix) {
    const bool is_port = name == prefix + "PORT" || name == prefix + "ADMIN_PORT";
    return !is_port || value.find("://") == std::string::npos;
}

// CLI11 would take 010 for 8, 0x50 for 80, and -1 for the most that there can be.
std::string read_digits(std::string& text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos)
        return "Value '" + text + "' is no whole number";
    text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
    constexpr std::size_t most_digits = 18;
    return text.size() > most_digits ? "Value " + text + " is too great" : "";
}

// Of what CLI11 says of a flag, the same of the variable.
std::string renamed(std::string sentence, const std::string& flag, const std::string& variable) {
    const auto at = sentence.find(flag);
    if (at == std::string::npos) return variable + ": " + sentence;
    return sentence.replace(at, flag.size(), variable);
}

}  // namespace

std::string prefix_of(const std::string& program) { return in_capitals(program) + '_'; }

void refuse_what_does_nothing(const CLI::App& serving, const std::string& prefix) {
    const auto is_given = [&](const char* flag) { return serving.get_option(flag)->count() > 0; };
    // Processes that --reload starts are given all flags and a socket.
    if (is_given("--reload") || variable(variable_of("reload", prefix))) return;
    for (const auto* flag : {"--reload-dir", "--reload-command"})
        if (is_given(flag)) throw setting_error(std::string{flag} + " needs --reload");
    for (const auto* flag : {"--host", "--port"})
        for (const auto* instead : {"--uds", "--fd"})
            if (is_given(flag) && is_given(instead))
                throw setting_error(std::string{flag} + " has no use beside " + instead +
                                    ": give one of them");
    if (is_given("--uds") && is_given("--fd"))
        throw setting_error("--uds has no use beside --fd: give one of them");
    for (const auto& [flag, instead] :
         {std::pair{"--admin-port", "--admin-uds"}, std::pair{"--admin-port", "--admin-fd"},
          std::pair{"--admin-uds", "--admin-fd"}, std::pair{"--admin-host", "--admin-uds"},
          std::pair{"--admin-host", "--admin-fd"}})
        if (is_given(flag) && is_given(instead))
            throw setting_error(std::string{flag} + " has no use beside " + instead +
                                ": give one of them");
    if (is_given("--admin-host") && !is_given("--admin-port") &&
        !variable(variable_of("admin-port", prefix)))
        throw setting_error("--admin-host needs --admin-port");
}

void take_from_environment(CLI::App& serving, const std::string& prefix) {
    for (auto* option : serving.get_options()) {
        const auto flag = option->get_single_name();
        const auto name = variable_of(flag, prefix);
        if (name.empty() || option->count() > 0) continue;
        auto value = variable(name, flag == "header");
        if (!value || !is_meant(name, *value, prefix)) continue;
        const bool is_switch = option->get_items_expected_max() == 0;
        if (is_switch) value = switch_from(name, *value) ? "true" : "false";
        try {
            option->add_result(*value);
            option->run_callback();
        } catch (const CLI::ParseError& e) {
            throw CLI::ConversionError(renamed(e.what(), "--" + flag, name));
        }
    }
}

// Kubernetes sets more of a Service named orders: ORDERS_SERVICE_HOST, ORDERS_PORT_8000_TCP.
std::vector<std::string> unknown_variables(const CLI::App& serving, const std::string& prefix) {
    std::vector<std::string> unknown;
    for (char** one = environ; *one; ++one) {
        const std::string_view text = *one;
        const std::string name{text.substr(0, text.find('='))};
        if (!name.starts_with(prefix)) continue;
        const std::vector<std::string> others{"SERVICE_", "PORT_", "ADMIN_SERVICE_", "ADMIN_PORT_"};
        if (std::ranges::any_of(others,
                                [&](const auto& rest) { return name.starts_with(prefix + rest); }))
            continue;
        const auto options = serving.get_options();
        const bool is_known = std::ranges::any_of(options, [&](const CLI::Option* option) {
            return variable_of(option->get_single_name(), prefix) == name;
        });
        if (!is_known) unknown.push_back(name);
    }
    return unknown;
}

bool wants_json_log(const std::vector<std::string>& command_line, const std::string& prefix) {
    constexpr std::string_view flag = "--log-config";
    if (std::ranges::find(command_line, "serve") == command_line.end()) return false;
    for (std::size_t i = 0; i < command_line.size(); ++i) {
        const std::string_view word = command_line[i];
        if (word == flag && i + 1 < command_line.size()) return command_line[i + 1] == "json";
        if (word.starts_with(flag) && word.substr(flag.size()).starts_with('='))
            return word.substr(flag.size() + 1) == "json";
    }
    const char* value = std::getenv((prefix + "LOG_CONFIG").c_str());
    return value && std::string_view{value}.find("json") != std::string_view::npos;
}

void add_serve_flags(CLI::App& serving, serve_flags& flags) {
    const auto add = [&](const char* name, auto& to, const char* what) {
        auto* option = serving.add_option(name, to, what)->capture_default_str();
        using value = std::remove_reference_t<decltype(to)>;
        if constexpr (std::is_integral_v<value> || std::is_same_v<value, std::optional<int>>)
            option->transform(CLI::Validator{read_digits, std::string{}});
        return option;
    };
    const auto add_switch = [&](const std::string& name, bool& to, const char* what) {
        const auto first = name.substr(0, name.find(','));
        const auto read = [first](std::string& text) {
            text = switch_from(first, text) ? "true" : "false";
            return std::string{};
        };
        serving.add_flag(name, to, what)
            ->capture_default_str()
            ->transform(CLI::Validator{read, std::string{}});
    };
    const CLI::Range at_most_a_day{std::int64_t{1}, std::int64_t{86'400}};
    add("--host", flags.host, "Name or address to listen on");
    add("--port", flags.port, "Port to listen on; 0 takes any free one")
        ->check(CLI::Range(0, 65'535));
    add("--uds", flags.uds, "Path of a Unix socket to listen on instead");
    add("--fd", flags.fd, "Descriptor of a socket that listens already, as systemd hands over: 3")
        ->take_last();
    add("--admin-port", flags.admin_port,
        "Port for /health/live, /health/ready, /metrics and /dashboard; 0 takes any free one; "
        "default: none")
        ->check(CLI::Range(0, 65'535));
    add("--admin-host", flags.admin_host, "Name or address for that port");
    add("--admin-uds", flags.admin_uds, "Path of a Unix socket for the same instead");
    add("--admin-fd", flags.admin_fd, "Descriptor of a socket that listens already for the same")
        ->take_last();
    add_switch("--health,!--no-health", flags.health,
               "/health/live and /health/ready on the service's own port, too");
    add("--workers", flags.workers,
        "Worker threads; default: one a processor, of those that affinity and quota leave it")
        ->check(CLI::Range(1, 1024))
        ->default_str("");
    add("--backlog", flags.backlog, "Connections that wait to be accepted")
        ->check(CLI::Range(1, 65'535));
    add("--log-level", flags.log_level, "Of what is logged")
        ->check(CLI::IsMember({"critical", "error", "warning", "info", "debug", "trace"}));
    add("--log-config", flags.log_config, "Lines of text or of JSON")
        ->check(CLI::IsMember({"text", "json"}));
    add_switch("--access-log,!--no-access-log", flags.access_log,
               "A line a request, at level info");
    add_switch("--access-log-duration,!--no-access-log-duration", flags.access_log_duration,
               "How long it took, in a request's line; in JSON it always is");
    add("--ssl-keyfile", flags.ssl_keyfile, "Key of the certificate, PEM");
    add("--ssl-certfile", flags.ssl_certfile, "Certificate and its chain, PEM: HTTPS");
    add("--ssl-ca-certs", flags.ssl_ca_certs, "Clients have to show a certificate of these");
    add("--root-path", flags.root_path, "What a proxy has before the paths: /shop");
    add_switch("--proxy-headers,!--no-proxy-headers", flags.proxy_headers,
               "X-Forwarded-For and -Proto of trusted proxies count");
    add("--forwarded-allow-ips", flags.forwarded_allow_ips,
        "Addresses and networks of trusted proxies; *: any")
        ->delimiter(',');
    add("--limit-concurrency", flags.limit_concurrency,
        "Requests answered at a time, 503 beyond; 0: no limit");
    add("--limit-max-requests", flags.limit_max_requests,
        "Requests after which it finishes and exits; 0: none");
    add("--timeout-keep-alive", flags.timeout_keep_alive,
        "Seconds that a connection may wait for its next request")
        ->check(at_most_a_day);
    add("--timeout-request", flags.timeout_request,
        "Seconds that a request may take to arrive, or an answer to leave")
        ->check(at_most_a_day);
    add("--timeout-graceful-shutdown", flags.timeout_graceful_shutdown,
        "Seconds for what is in flight at the end")
        ->check(at_most_a_day);
    add("--drain-delay", flags.drain_delay,
        "Seconds that it still serves after SIGTERM, while /health/ready says no")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{86'400}));
    add("--header", flags.headers, "name:value, of each answer; may be repeated, in lines")
        ->delimiter('\n');
    add_switch("--server-header,!--no-server-header", flags.server_header,
               "`server: larder` in each answer");
    add_switch("--date-header,!--no-date-header", flags.date_header, "`date` in each answer");
    add("--cors-allow-origin", flags.cors_allow_origin,
        "Origins whose pages may read answers; *: any")
        ->delimiter(',');
    add("--self-check", flags.self_check,
        "Seconds between two comparisons of a few entries with PostgreSQL; 0: none; default: what "
        "CACHE_SELF_CHECK_SECONDS says")
        ->check(CLI::Range(0, 86'400));
    add_switch("--reload,!--no-reload", flags.reload,
               "For development: rebuild when sources change, and hand over to the new program");
    add("--reload-dir", flags.reload_dirs,
        "Folder to watch; may be repeated; default: what CMake builds this program from");
    add("--reload-command", flags.reload_command,
        "How to rebuild, for sh; default: cmake --build in the program's folder");
    serving.add_flag("--print-config", flags.prints_config, "Print what is in force, and exit");
    for (const auto* file : {"--uds", "--ssl-keyfile", "--ssl-certfile", "--ssl-ca-certs"})
        serving.get_option(file)->type_name("FILE");
    serving.get_option("--reload-dir")->type_name("FOLDER");
}

}  // namespace LARDER_NAMESPACE::program
