// The flags of the command serve, and what they come to.
#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/app.hpp"
#include "larder/program.hpp"

namespace LARDER_NAMESPACE::program {

/// Named as uvicorn's, where it has them.
struct serve_flags {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8000;
    std::string uds = {};
    std::optional<int> fd = {};
    unsigned workers = 0;
    std::string log_level = "info";
    std::string log_config = "text";
    bool access_log = true, access_log_duration = false;
    std::string ssl_keyfile = {}, ssl_certfile = {}, ssl_ca_certs = {};
    std::string root_path = {};
    bool proxy_headers = true;
    std::vector<std::string> forwarded_allow_ips{"127.0.0.1"};
    std::size_t limit_concurrency = 0, limit_max_requests = 0;
    int backlog = 2'048;
    std::string admin_host = "127.0.0.1";
    std::optional<int> admin_port = {};
    std::string admin_uds = {};
    std::optional<int> admin_fd = {};
    bool health = false;
    std::int64_t timeout_keep_alive = 5, timeout_request = 30, timeout_graceful_shutdown = 30;  // s
    std::int64_t drain_delay = 0;                                                               // s
    std::vector<std::string> headers = {};  // name:value
    bool server_header = true, date_header = true;
    std::vector<std::string> cors_allow_origin = {};
    std::optional<int> self_check = {};  // s
    bool reload = false;
    std::vector<std::string> reload_dirs = {};
    std::string reload_command = {};
    bool prints_config = false;
};

void add_serve_flags(CLI::App& serving, serve_flags& flags);

/// What the variables of a program's flags begin with: `ORDERS_`.
std::string prefix_of(const std::string& program);

/// Throws setting_error where a flag was given beside another one that leaves it no use.
void refuse_what_does_nothing(const CLI::App& serving, const std::string& prefix);

/// Each flag that was not given may also come from the environment: ORDERS_PORT for --port. Throws
/// what parsing does, and setting_error; both name the variable.
void take_from_environment(CLI::App& serving, const std::string& prefix);

/// Variables named as if they were flags, which are none: ORDERS_PROT.
std::vector<std::string> unknown_variables(const CLI::App& serving, const std::string& prefix);

/// Whether lines and errors are to be JSON; known before the flags are parsed.
bool wants_json_log(const std::vector<std::string>& command_line, const std::string& prefix);

/// Without the servers, which are settings.hpp's. Throws setting_error.
app_options options_from(const description& of, const serve_flags& flags);

/// What is in force, one `name = value` a line; no password.
std::string text_of(const description& of, const serve_flags& flags, const app_options& options);

}  // namespace LARDER_NAMESPACE::program
