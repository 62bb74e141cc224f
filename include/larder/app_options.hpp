// What a service is told when it is made.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/admin.hpp"
#include "larder/follow.hpp"
#include "larder/http/networks.hpp"
#include "larder/pg/pool.hpp"
#include "larder/trace.hpp"
#include "larder/valkey/options.hpp"

namespace LARDER_NAMESPACE {

/// PEM files.
struct tls_files {
    std::string key, certificate;         ///< the certificate's with its chain
    std::string client_authorities = {};  ///< then clients have to show a certificate of these
};

/// What a service is told when it is made.
struct app_options {
    std::string name = "larder";     ///< in the log and the docs
    std::string version = "0.0.0";   ///< of the service, in the docs
    std::string about;               ///< a paragraph in the docs, in Markdown
    std::string host = "127.0.0.1";  ///< a name or an address to listen on
    std::uint16_t port = 8000;       ///< 0: any free one
    unsigned workers = 0;  ///< 0: one a processor, of those that affinity and quota leave it
    std::optional<pg::pool_options> source;        ///< without it, handlers answer no_source
    std::optional<valkey::client_options> shared;  ///< without it, handlers answer no_shared
    std::string no_source = "Internal server error. Database not specified";
    std::string no_shared = "Internal server error. Valkey service not specified";
    std::chrono::seconds ttl{120};      ///< of an entry
    bool client_reload = true;          ///< see http::plan()
    std::string cache_prefix;           ///< before all keys; see tiers_options
    following follow = following::off;  ///< whether others' writes are seen
    /// How long an entry is believed while nobody follows, if `follow` is not off.
    std::chrono::seconds unfollowed{5};
    std::optional<pg::pool_options> follow_source;  ///< where the log is; else `source`
    /// Every so often each worker compares a few entries with the source, and counts what differs
    /// for longer than may be; 0: never. The loads are those of the handlers.
    std::chrono::seconds self_check{0};
    std::size_t local_bytes = 64 << 20;                   ///< of all workers' own entries; 0: none
    std::chrono::milliseconds keep_alive_timeout{5'000};  ///< for the next request
    std::chrono::milliseconds request_timeout{30'000};    ///< for the bytes of one request
    std::chrono::milliseconds shutdown_timeout{30'000};   ///< for what is in flight at the end
    std::size_t max_header_bytes = 16'384;                ///< answered 431 beyond
    std::size_t max_body_bytes = 1'048'576;               ///< answered 413 beyond

    std::string unix_path;           ///< a Unix socket to listen on instead
    std::optional<int> descriptor;   ///< a socket that listens already instead
    int backlog = 2'048;             ///< connections that wait to be accepted
    std::optional<tls_files> tls;    ///< without it, HTTP in the clear
    std::size_t limit_requests = 0;  ///< at a time, answered 503 beyond; 0: none
    std::size_t max_requests = 0;    ///< then it finishes as on SIGTERM; 0: never
    bool access_log = true;          ///< a line a request
    bool log_all_ids = false;        ///< of requests; else those that clients give
    bool log_durations = false;      ///< of requests, in text as well; in JSON they always are
    bool server_header = true, date_header = true;
    std::vector<std::pair<std::string, std::string>> headers;  ///< of each answer
    std::string root_path;  ///< what a proxy has before the paths; `/shop`
    /// Their x-forwarded-* count.
    http::networks trusted_proxies = http::networks::loopback();
    std::vector<std::string> cors_origins;  ///< whose pages may read answers; `*`: all
    std::function<void()> on_ready;         ///< called once, when every worker accepts
    std::optional<admin_options> admin;     ///< health and metrics on a listener of their own
    /// Who is told which steps requests took; nobody, and nothing is recorded, without it.
    std::optional<trace::options> traces;
    bool health = false;                  ///< /health/live and /health/ready among the routes, too
    std::chrono::seconds drain_delay{0};  ///< from SIGTERM, while /health/ready says no
};

/// Opens the socket that the options name, for processes that serve it one after the other with
/// `descriptor`: the caller's to close. Throws std::system_error with one sentence that names the
/// address.
int listen(const app_options& options);

}  // namespace LARDER_NAMESPACE
