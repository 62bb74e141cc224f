// What the flags of the command serve come to.
#include <strings.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>

#include "program/serve_flags.hpp"
#include "program/settings.hpp"
#include "program/trace_settings.hpp"

namespace larder::program {

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
    for (const auto* own :
         {"connection", "content-length", "content-type", "transfer-encoding", "x-request-id",
          "etag", "age", "location", "retry-after", "allow", "trailer", "upgrade"})
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

// What a path of a URI has (RFC 3986, section 3.3), as redirects have it as it is.
void check_root_path(const std::string& path) {
    constexpr auto others = "/-._~!$&'()*+,;=:@";
    const auto is_of_path = [&](unsigned char c) {
        return std::isalnum(c) != 0 ||
               std::string_view{others}.find(static_cast<char>(c)) != std::string_view::npos;
    };
    if (path.empty()) return;
    if (!path.starts_with('/') || path.starts_with("//"))
        throw setting_error("--root-path has to begin with one slash: /shop");
    if (!std::ranges::all_of(path, is_of_path))
        throw setting_error("--root-path takes letters, digits, '/' and " +
                            std::string{others + 1} + ", not '" + path + "'");
}

// Nothing if none of its flags is given.
std::optional<admin_options> admin_from(const serve_flags& flags) {
    if (flags.admin_host.empty())
        throw setting_error("--admin-host is empty: it takes a name or an address");
    if (!flags.admin_port && flags.admin_uds.empty() && !flags.admin_fd) return std::nullopt;
    admin_options admin{
        .host = flags.admin_host, .unix_path = flags.admin_uds, .descriptor = flags.admin_fd};
    if (flags.admin_port) admin.port = static_cast<std::uint16_t>(*flags.admin_port);
    return admin;
}

std::string joined(const std::vector<std::string>& list) {
    std::string text;
    for (const auto& one : list) text += (text.empty() ? "" : ",") + one;
    return text;
}

}  // namespace

app_options options_from(const description& of, const serve_flags& flags) {
    if (flags.ssl_keyfile.empty() != flags.ssl_certfile.empty())
        throw setting_error("--ssl-keyfile and --ssl-certfile belong together: give both");
    if (!flags.ssl_ca_certs.empty() && flags.ssl_certfile.empty())
        throw setting_error(
            "--ssl-ca-certs needs --ssl-keyfile and --ssl-certfile: give all three");
    check_root_path(flags.root_path);
    if (flags.host.empty()) throw setting_error("--host is empty: it takes a name or an address");
    app_options options{
        .name = of.name,
        .version = of.version,
        .about = of.about,
        .host = flags.host,
        .port = flags.port,
        .workers = flags.workers,
        .no_source = of.no_source,
        .no_shared = of.no_shared,
        .ttl = ttl_from_environment(),
        .client_reload = client_reload_from_environment(),
        .cache_prefix = cache_prefix_from_environment(),
        .follow = follow_from_environment(),
        .unfollowed = unfollowed_from_environment(),
        .self_check = flags.self_check ? std::chrono::seconds{*flags.self_check}
                                       : self_check_from_environment(),
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
        .log_durations = flags.access_log_duration,
        .server_header = flags.server_header,
        .date_header = flags.date_header,
        .root_path = flags.root_path,
        .admin = admin_from(flags),
        .health = flags.health,
        .drain_delay = std::chrono::seconds{flags.drain_delay},
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

std::string text_of(const description& of, const serve_flags& flags, const app_options& options) {
    std::ostringstream out;
    out << std::boolalpha;
    const auto line = [&out](const char* name, const auto& value) {
        out << name << " = " << value << '\n';
    };
    line("host", flags.host);
    line("port", flags.port);
    line("uds", flags.uds);
    line("fd", flags.fd ? std::to_string(*flags.fd) : "");
    line("admin-host", flags.admin_host);
    line("admin-port", flags.admin_port ? std::to_string(*flags.admin_port) : "");
    line("admin-uds", flags.admin_uds);
    line("admin-fd", flags.admin_fd ? std::to_string(*flags.admin_fd) : "");
    line("health", flags.health);
    line("drain-delay", flags.drain_delay);
    line("workers", flags.workers);
    line("backlog", flags.backlog);
    line("log-level", flags.log_level);
    line("log-config", flags.log_config);
    line("access-log", flags.access_log);
    line("access-log-duration", flags.access_log_duration);
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
    line("self-check", options.self_check.count());
    line("reload", flags.reload);
    line("reload-dir", joined(flags.reload_dirs));
    line("reload-command", flags.reload_command);
    line("CACHE_TIMEOUT_SECONDS", options.ttl.count());
    line("CACHE_PREFIX", options.cache_prefix);
    line("CACHE_LOCAL_BYTES", options.local_bytes);
    line("CACHE_UNFOLLOWED_SECONDS", options.unfollowed.count());
    static constexpr std::array follows{"off", "auto", "on", "trigger"};
    line("CACHE_FOLLOW", follows.at(static_cast<std::size_t>(options.follow)));
    line("CACHE_CLIENT_RELOAD", options.client_reload ? "on" : "off");
    if (options.shared) line("CACHE_DEADLINE_MS", options.shared->deadline.count());
    line("VALKEY_SERVICE_URI", options.shared ? options.shared->server.address() : "");
    if (options.source) {
        line("PG_DEADLINE_MS", options.source->connect_timeout.count());
        line("PG_CONNECTIONS", options.source->max_of_process);
        line("PG_IDLE_SECONDS", options.source->idle_timeout.count() / 1000);
    }
    line("PG_DATABASE", database_from_environment(of.database));
    std::string source;
    if (options.source)
        for (const auto& [keyword, value] : options.source->server.all())
            source += (source.empty() ? "" : " ") + keyword + "=" +
                      (keyword.find("password") == std::string::npos ? value : "***");
    line("PG_SERVICE_URI", source);
    if (const auto& to = options.traces) {
        line("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", to->to.text() + to->to.path);
        line("OTEL_SERVICE_NAME", to->service.empty() ? of.name : to->service);
        line("OTEL_TRACES_SAMPLER", sampler_text(*to));
    }
    return out.str();
}

}  // namespace larder::program
