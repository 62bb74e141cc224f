#include "serve_flags.hpp"

#include <strings.h>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <utility>

#include "larder/json.hpp"
#include "settings.hpp"

namespace orders {

namespace {

std::pair<std::string, std::string> header_from(const std::string& text) {
    const auto colon = std::min(text.find(':'), text.size());
    const auto name = text.substr(0, colon);
    const auto value = text.substr(std::min(text.find_first_not_of(' ', colon + 1), text.size()));
    constexpr auto letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    const bool is_one_line = std::none_of(value.begin(), value.end(),
                                          [](unsigned char c) { return c < ' ' || c == 127; });
    if (name.empty() || name.find_first_not_of(letters) != std::string::npos ||
        colon == text.size() || !is_one_line)
        throw setting_error("--header has to look like name:value");
    for (const auto* own : {"connection", "content-length", "content-type", "transfer-encoding"})
        if (::strcasecmp(name.c_str(), own) == 0)
            throw setting_error("--header cannot set " + name + ": it is each answer's own");
    return {name, value};
}

// As browsers write them; what they never write would allow nobody.
std::string origin_from(const std::string& text) {
    const auto first = std::min(text.find_first_not_of(' '), text.size());
    auto origin = text.substr(first, text.find_last_not_of(' ') + 1 - first);
    const auto colon = origin.find("://");
    const bool is_origin = colon != std::string::npos && colon + 3 < origin.size() &&
                           origin.find_first_of("/? #", colon + 3) == std::string::npos;
    if (origin != "*" && origin != "null" && !is_origin)
        throw setting_error(
            "--cors-allow-origin takes origins, as https://shop.example, and *, not " + text);
    return origin;
}

// The message as a JSON string.
class json_message : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& out) override {
        std::string text;
        larder::json::append_string(text, {line.payload.data(), line.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<json_message>();
    }
};

std::string joined(const std::vector<std::string>& list) {
    std::string text;
    for (const auto& one : list) text += (text.empty() ? "" : ",") + one;
    return text;
}

}  // namespace

larder::app_options options_from(const serve_flags& flags) {
    if (flags.ssl_keyfile.empty() != flags.ssl_certfile.empty())
        throw setting_error("--ssl-keyfile and --ssl-certfile belong together: give both");
    if (!flags.ssl_ca_certs.empty() && flags.ssl_certfile.empty())
        throw setting_error(
            "--ssl-ca-certs needs --ssl-keyfile and --ssl-certfile: give all three");
    if (!flags.root_path.empty() && !flags.root_path.starts_with('/'))
        throw setting_error("--root-path has to begin with a slash: /shop");
    larder::app_options options{
        .name = "orders",
        .version = LARDER_VERSION,
        .about =
            "Counts and adds orders in PostgreSQL, with the counts cached in Valkey. GET "
            "paths answer HEAD as well, and every path OPTIONS. Unknown members are ignored, "
            "and a string that holds an integer or an amount is taken for one.",
        .host = flags.host,
        .port = flags.port,
        .workers = flags.workers,
        .no_source =
            "Internal server error. Database not specified - environment variable "
            "PG_SERVICE_URI is empty/unset",
        .no_shared =
            "Internal server error. Valkey service not specified - environment variable "
            "VALKEY_SERVICE_URI is empty/unset",
        .ttl = ttl_from_environment(),
        .client_reload = client_reload_from_environment(),
        .cache_prefix = cache_prefix_from_environment(),
        .local_bytes = local_bytes_from_environment(),
        .keep_alive_timeout = std::chrono::seconds{flags.timeout_keep_alive},
        .request_timeout = std::chrono::seconds{flags.timeout_request},
        .shutdown_timeout = std::chrono::seconds{flags.timeout_graceful_shutdown},
        .unix_path = flags.uds,
        .descriptor = flags.fd,
        .backlog = flags.backlog,
        .limit_requests = flags.limit_concurrency,
        .max_requests = flags.limit_max_requests,
        .access_log = flags.access_log,
        .log_all_ids = flags.log_config == "json",
        .server_header = flags.server_header,
        .date_header = flags.date_header,
        .root_path = flags.root_path,
    };
    for (const auto& one : flags.cors_allow_origin)
        options.cors_origins.push_back(origin_from(one));
    while (options.root_path.ends_with('/')) options.root_path.pop_back();
    if (!flags.ssl_keyfile.empty())
        options.tls = {flags.ssl_keyfile, flags.ssl_certfile, flags.ssl_ca_certs};
    options.trusted_proxies = {};
    for (const auto& one : flags.forwarded_allow_ips)
        if (!options.trusted_proxies.add(one))
            throw setting_error("--forwarded-allow-ips takes addresses, networks and *, not " +
                                one);
    if (!flags.proxy_headers) options.trusted_proxies = {};
    for (const auto& one : flags.headers) options.headers.push_back(header_from(one));
    return options;
}

void add_serve_flags(CLI::App& serving, serve_flags& flags) {
    // Of --limit-concurrency: ORDERS_LIMIT_CONCURRENCY. Kubernetes says of a Service named orders
    // ORDERS_PORT=tcp://10.96.0.7:8000, which is not meant for us.
    const auto from_environment = [](CLI::Option* option) {
        auto name = "ORDERS_" + option->get_single_name();
        for (auto& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
        option->capture_default_str();
        const auto* const value = std::getenv(name.c_str());
        const bool is_url = value && std::string_view{value}.find("://") != std::string_view::npos;
        return name == "ORDERS_PORT" && is_url ? option : option->envname(name);
    };
    const auto add = [&](const char* name, auto& to, const char* what) {
        return from_environment(serving.add_option(name, to, what));
    };
    const CLI::Range at_most_a_day{std::int64_t{1}, std::int64_t{86'400}};
    add("--host", flags.host, "Name or address to listen on");
    add("--port", flags.port, "Port to listen on; 0 takes any free one");
    add("--uds", flags.uds, "Path of a Unix socket to listen on instead");
    add("--fd", flags.fd, "Descriptor of a socket that listens already, as systemd hands over: 3")
        ->take_last();
    add("--workers", flags.workers, "Worker threads; default: one a core")
        ->check(CLI::Range(1, 1024))
        ->default_str("");
    add("--backlog", flags.backlog, "Connections that wait to be accepted")
        ->check(CLI::Range(1, 65'535));
    add("--log-level", flags.log_level, "Of what is logged")
        ->check(CLI::IsMember({"critical", "error", "warning", "info", "debug", "trace"}));
    add("--log-config", flags.log_config, "Lines of text or of JSON")
        ->check(CLI::IsMember({"text", "json"}));
    from_environment(serving.add_flag("--access-log,!--no-access-log", flags.access_log,
                                      "A line a request, at level info"));
    add("--ssl-keyfile", flags.ssl_keyfile, "Key of the certificate, PEM");
    add("--ssl-certfile", flags.ssl_certfile, "Certificate and its chain, PEM: HTTPS");
    add("--ssl-ca-certs", flags.ssl_ca_certs, "Clients have to show a certificate of these");
    add("--root-path", flags.root_path, "What a proxy has before the paths: /shop");
    from_environment(serving.add_flag("--proxy-headers,!--no-proxy-headers", flags.proxy_headers,
                                      "X-Forwarded-For and -Proto of trusted proxies count"));
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
    add("--header", flags.headers, "name:value, of each answer; may be repeated, in lines")
        ->delimiter('\n');
    from_environment(serving.add_flag("--server-header,!--no-server-header", flags.server_header,
                                      "`server: larder` in each answer"));
    from_environment(serving.add_flag("--date-header,!--no-date-header", flags.date_header,
                                      "`date` in each answer"));
    add("--cors-allow-origin", flags.cors_allow_origin,
        "Origins whose pages may read answers; *: any")
        ->delimiter(',');
    from_environment(serving.add_flag(
        "--reload,!--no-reload", flags.reload,
        "For development: rebuild when sources change, and hand over to the new program"));
    add("--reload-dir", flags.reload_dirs,
        "Folder to watch; may be repeated; default: what CMake builds this program from");
    add("--reload-command", flags.reload_command,
        "How to rebuild, for sh; default: cmake --build in the program's folder");
    serving.add_flag("--print-config", flags.prints_config, "Print what is in force, and exit");
}

std::string text_of(const serve_flags& flags, const larder::app_options& options) {
    std::ostringstream out;
    out << std::boolalpha;
    const auto line = [&out](const char* name, const auto& value) {
        out << name << " = " << value << '\n';
    };
    line("host", flags.host);
    line("port", flags.port);
    line("uds", flags.uds);
    line("fd", flags.fd ? std::to_string(*flags.fd) : "");
    line("workers", flags.workers);
    line("backlog", flags.backlog);
    line("log-level", flags.log_level);
    line("log-config", flags.log_config);
    line("access-log", flags.access_log);
    line("ssl-keyfile", flags.ssl_keyfile);
    line("ssl-certfile", flags.ssl_certfile);
    line("ssl-ca-certs", flags.ssl_ca_certs);
    line("root-path", options.root_path);
    line("proxy-headers", flags.proxy_headers);
    line("forwarded-allow-ips", joined(flags.forwarded_allow_ips));
    line("limit-concurrency", flags.limit_concurrency);
    line("limit-max-requests", flags.limit_max_requests);
    line("timeout-keep-alive", flags.timeout_keep_alive);
    line("timeout-request", flags.timeout_request);
    line("timeout-graceful-shutdown", flags.timeout_graceful_shutdown);
    line("header", joined(flags.headers));
    line("server-header", flags.server_header);
    line("date-header", flags.date_header);
    line("cors-allow-origin", joined(flags.cors_allow_origin));
    line("reload", flags.reload);
    line("reload-dir", joined(flags.reload_dirs));
    line("reload-command", flags.reload_command);
    line("CACHE_TIMEOUT_SECONDS", options.ttl.count());
    line("CACHE_PREFIX", options.cache_prefix);
    line("CACHE_LOCAL_BYTES", options.local_bytes);
    line("CACHE_CLIENT_RELOAD", options.client_reload ? "on" : "off");
    if (options.shared) line("CACHE_DEADLINE_MS", options.shared->deadline.count());
    line("VALKEY_SERVICE_URI", options.shared ? options.shared->server.address() : "");
    if (options.source) {
        line("PG_DEADLINE_MS", options.source->connect_timeout.count());
        line("PG_CONNECTIONS", options.source->max_of_process);
        line("PG_IDLE_SECONDS", options.source->idle_timeout.count() / 1000);
    }
    line("PG_DATABASE", database_from_environment());
    std::string source;
    if (options.source)
        for (const auto& [keyword, value] : options.source->server.all())
            source += (source.empty() ? "" : " ") + keyword + "=" +
                      (keyword.find("password") == std::string::npos ? value : "***");
    line("PG_SERVICE_URI", source);
    return out.str();
}

void set_up_log(const serve_flags& flags) {
    auto log = spdlog::stderr_color_mt("orders");
    if (flags.log_config == "json") {
        auto lines = std::make_unique<spdlog::pattern_formatter>();
        lines->add_flag<json_message>('*').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
        log->set_formatter(std::move(lines));
    } else {
        log->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-8l%$ %v");
    }
    log->set_level(spdlog::level::from_str(flags.log_level));
    spdlog::set_default_logger(std::move(log));
}

}  // namespace orders
