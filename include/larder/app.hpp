// A service: routes to typed handlers, served by one worker a core.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/admin.hpp"
#include "larder/before.hpp"
#include "larder/cached.hpp"
#include "larder/follow.hpp"
#include "larder/handler.hpp"
#include "larder/http/error.hpp"
#include "larder/http/input.hpp"
#include "larder/http/message.hpp"
#include "larder/http/networks.hpp"
#include "larder/on_violation.hpp"
#include "larder/openapi.hpp"
#include "larder/path.hpp"
#include "larder/pg/pool.hpp"
#include "larder/preconditions.hpp"
#include "larder/reply.hpp"
#include "larder/services.hpp"
#include "larder/trace.hpp"
#include "larder/valkey/options.hpp"

namespace larder {

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

/// One method of one path: reads the input, calls the handler, writes the answer.
class endpoint {
public:
    virtual ~endpoint() = default;
    /// `not_ready` says why requests cannot be answered (a setting is missing); empty if they can.
    virtual awaitable<http::response> answer(services& at, std::string_view not_ready,
                                             const http::request& r) const = 0;
};

/// An input with a function of its own, `awaitable<void> find_faults(services&, const Input&,
/// http::faults&)`, which adds to the faults so far those that only the source can know. It is
/// asked once an input is known to be wrong, so that all its faults are told at once; it may throw
/// nothing, and leaves members alone that are at fault already.
template <class Input>
concept finds_faults = requires(services& at, const Input& in, http::faults& wrong) {
    { find_faults(at, in, wrong) } -> std::same_as<awaitable<void>>;
};

/// Routes, and the service that answers them.
///
/// A handler reads its input from the parameters of its path, and what these do not have from the
/// query (GET, DELETE) or from a JSON body (POST, PUT, PATCH). All but a GET handler have to say
/// what their write makes untrue: one without `| invalidates(...)` does not compile.
class app {
public:
    explicit app(app_options options);
    ~app();

    /// GET, and HEAD with it.
    template <handler H>
        requires(!invalidating<H>)
    void get(path_of<input_of<H>> path, H h) {
        using reply = typename detail::without_headers<reply_of<H>>::type;
        static_assert(described<reply> || is_optional<reply>,
                      "a GET handler replies with a described struct, or std::optional of one");
        if constexpr (caching<H>) reads(h.key().whole());
        add_route<http::method::get>(path.text(), std::move(h));
    }
    template <invalidating H>
    void post(path_of<input_of<H>> path, H h) {
        add_route<http::method::post>(path.text(), std::move(h));
    }
    template <invalidating H>
    void put(path_of<input_of<H>> path, H h) {
        add_route<http::method::put>(path.text(), std::move(h));
    }
    template <invalidating H>
    void patch(path_of<input_of<H>> path, H h) {
        add_route<http::method::patch>(path.text(), std::move(h));
    }
    /// DELETE, which is a word of C++.
    template <invalidating H>
    void del(path_of<input_of<H>> path, H h) {
        add_route<http::method::del>(path.text(), std::move(h));
    }

    // What is no route, with the reason in what the compiler says.
    template <class H>
    void post(std::string_view, H)
        requires a_write_says_what_it_makes_untrue_by_invalidates<H>
    = delete;
    template <class H>
    void put(std::string_view, H)
        requires a_write_says_what_it_makes_untrue_by_invalidates<H>
    = delete;
    template <class H>
    void patch(std::string_view, H)
        requires a_write_says_what_it_makes_untrue_by_invalidates<H>
    = delete;
    template <class H>
    void del(std::string_view, H)
        requires a_write_says_what_it_makes_untrue_by_invalidates<H>
    = delete;
    template <class H>
        requires(!handler<H>)
    auto get(std::string_view, H) {
        return detail::is_no_handler<H>::why();
    }
    template <class H>
        requires(!handler<H>)
    auto post(std::string_view, H) {
        return detail::is_no_handler<H>::why();
    }
    template <class H>
        requires(!handler<H>)
    auto put(std::string_view, H) {
        return detail::is_no_handler<H>::why();
    }
    template <class H>
        requires(!handler<H>)
    auto patch(std::string_view, H) {
        return detail::is_no_handler<H>::why();
    }
    template <class H>
        requires(!handler<H>)
    auto del(std::string_view, H) {
        return detail::is_no_handler<H>::why();
    }

    /// Families that handlers read by cached_query. What a cached route reads is known. Throws
    /// std::logic_error if the name of one begins with another's and a colon, and one of the two
    /// has more parameters than one: they could have an entry in common.
    void reads(const cache::key& family);

    /// The OpenAPI document of the routes, as /openapi.json serves it beside /docs and /redoc.
    std::string openapi() const;

    /// Looks at the cache in Valkey for an operator, or has all instances forget some of it.
    /// `names` are keys without app_options::cache_prefix, or one family. A purge without one
    /// deletes all entries, and makes the cache that of app_options::source. Instead of run().
    ///
    /// Errors   throws cache_error, pg::error where that does not answer, and std::invalid_argument
    /// for what no family has. Cost     some round trips; of stats, and of a purge that is not by
    /// generation, a walk over
    ///          Valkey's whole key space, in steps of 1,000 keys.
    cache_answer look_after_cache(cache_command what, const std::vector<std::string>& names,
                                  bool as_json = false);

    /// How all instances are that share the app's Valkey: a table for a person, or one line of
    /// JSON. With `watches` it is shown once a second until SIGINT or SIGTERM, or until `show` says
    /// false; Valkey may be away meanwhile, which is shown as well. Whether there was an instance.
    /// Instead of run(). Throws cache_error.
    bool show_status(bool watches, bool as_json,
                     const std::function<bool(const std::string& text)>& show);

    /// Sets up PostgreSQL for app_options::follow, or looks at it: lines for a person, SQL where it
    /// changes something, or would with `dry_run`. Instead of run(). Throws pg::error.
    std::vector<std::string> follow(follow_command what, bool dry_run = false);

    /// Serves until SIGTERM or SIGINT, then finishes what is in flight and returns 0; 1 if the
    /// shutdown timeout or a second signal ended it before. Call it once, and then end the process.
    /// Throws std::system_error if it cannot listen, or cannot read the TLS files.
    int run();

private:
    template <handler H, http::method Method>
    class typed;
    struct state;

    template <http::method Method, handler H>
    void add_route(std::string_view path, H h) {
        static_assert(guarded<H> || detail::count_from_elsewhere<input_of<H>>().from_caller == 0,
                      "the input has a member from the caller, and no before(...) says who it is");
        auto docs = openapi::describe(h, Method, std::string{path});
        add(std::move(docs), std::make_unique<typed<H, Method>>(std::move(h)));
    }

    void add(openapi::operation docs, std::unique_ptr<endpoint> e);

    std::unique_ptr<state> state_;
};

namespace detail {

/// The answer for what a handler threw. Only inside a catch block.
http::response answer_for_exception(bool is_write, const pg::pool& connections);
/// See src/http/caching.hpp.
http::response answer_to_get(const http::request& r, std::string body, const exchange* how,
                             std::string_view cache_control);
/// Percent-encodes what no URI has: a line's end would begin another header.
std::string safe_location(std::string_view text);
/// A 404, which may be from the cache as well.
http::response answer_without_one(const exchange* how);

/// Adds those of a reply. Throws std::invalid_argument; see with_headers.
void add_headers(http::response& answered,
                 const std::vector<std::pair<std::string, std::string>>& headers);

/// The answer of a handler that writes.
template <replies Reply>
http::response answer_to_write(const Reply& reply) {
    if constexpr (has_own_headers<Reply>) {
        auto answered = answer_to_write(reply.value);
        add_headers(answered, reply.headers);
        return answered;
    } else if constexpr (std::same_as<Reply, no_content>) {
        return {.status = 204};
    } else if constexpr (is_optional<Reply>) {
        return reply ? http::response{.body = json::text(*reply)} : answer_without_one(nullptr);
    } else if constexpr (is_created<Reply>) {
        http::response made{.body = json::text(reply.value)};
        if (reply.location.empty()) return made;
        made.status = 201;
        made.headers.emplace_back("location", safe_location(reply.location));
        return made;
    } else {
        return {.body = json::text(reply)};
    }
}
/// Says of an answer to GET on which headers it depends, and that it is for one caller alone.
void label(http::response& answered, const std::string& vary, bool is_private);

/// A 412, for a write that is to be made only on what a client has seen before, or has not: what
/// there is now is not known.
std::optional<http::response> refuse_precondition(const http::request& r);
/// A 415 for a body that is not JSON by its content type, or is in a content coding.
std::optional<http::response> refuse_media_type(const http::request& r);

}  // namespace detail

template <handler H, http::method Method>
class app::typed : public endpoint {
    static constexpr bool reads = Method == http::method::get;
    static constexpr bool has_body = !reads && Method != http::method::del;
    static constexpr bool is_conditional = conditional<typename detail::unguarded<H>::type>;
    static constexpr bool has_headers = detail::count_from_elsewhere<input_of<H>>().from_header > 0;

public:
    explicit typed(H h) : handler_(std::move(h)) {
        if constexpr (caching<H>) cache_control_ = http::cache_control(handler_.policy());
        else cache_control_ = http::cache_control({});
        const auto depends_on = [this](const std::vector<std::string>& headers) {
            for (const auto& one : headers) vary_ += (vary_.empty() ? "" : ", ") + one;
        };
        if constexpr (guarded<H>) depends_on(handler_.step().headers());
        depends_on(http::header_names<input_of<H>>());
    }

    awaitable<http::response> answer(services& at, std::string_view not_ready,
                                     const http::request& r) const override {
        if constexpr (reads && (guarded<H> || has_headers))
            return answer_labelled(at, not_ready, r);
        else return answer_input(at, not_ready, r);
    }

private:
    awaitable<http::response> answer_labelled(services& at, std::string_view not_ready,
                                              const http::request& r) const {
        auto answered = co_await answer_input(at, not_ready, r);
        detail::label(answered, vary_, guarded<H>);
        if constexpr (guarded<H>) answered.entry_version = 0;  // the step is asked each time
        co_return answered;
    }

    awaitable<http::response> answer_input(services& at, std::string_view not_ready,
                                           const http::request& r) const {
        input_of<H> in{};
        if constexpr (guarded<H>) {
            auto refused = co_await ask_step(at, not_ready, r, in);
            if (refused) co_return std::move(*refused);
        }
        http::faults wrong;
        if constexpr (has_body) {
            if (auto refused = detail::refuse_media_type(r)) co_return std::move(*refused);
            http::read_with_body({r.members, r.headers}, r.body, in, wrong);
        } else {
            http::read_with_query({r.members, r.headers}, r.query, in, wrong);
        }
        if constexpr (finds_faults<input_of<H>>)
            if (!wrong.empty() && not_ready.empty()) co_await find_faults(at, in, wrong);
        if (!wrong.empty()) {
            http::sort_as_declared<input_of<H>>(wrong);
            co_return http::response{.status = 422, .body = http::faults_json(wrong)};
        }
        if (!not_ready.empty()) co_return http::error_response(500, not_ready);
        if constexpr (is_conditional) {
            if (at.http) at.http->request = &r;
        } else if constexpr (!reads) {
            if (auto refused = detail::refuse_precondition(r)) co_return std::move(*refused);
        }
        try {
            const auto reply = co_await handler_(at, std::move(in));
            if constexpr (reads) co_return answer_to_get(r, reply, caching<H> ? at.http : nullptr);
            else co_return detail::answer_to_write(reply);
        } catch (const http::invalid_input& e) {
            auto found = e.faults();
            if constexpr (has_headers) http::locate_headers<input_of<H>>(found);
            http::locate(found, r.members, has_body ? "body" : "query");
            co_return http::response{.status = 422, .body = http::faults_json(found)};
        } catch (...) {
            co_return detail::answer_for_exception(!reads, at.db.connections());
        }
    }

    // Nobody asks the step by HTTP: what a client wants of the cache is not about who he is. Its
    // session is its own, as what it writes is none of what the handler makes untrue.
    awaitable<std::optional<http::response>> ask_step(services& at, std::string_view not_ready,
                                                      const http::request& r, input_of<H>& in) const
        requires guarded<H>
    {
        auto& connections = at.db.connections();
        try {
            pg::session own{connections, at.db.trace()};
            services before{own, at.cache};
            auto found = co_await handler_.step().ask(before, not_ready, r);
            if (!found.caller) co_return std::move(found.refused);
            H::hand_over(*found.caller, in);
            co_return std::nullopt;
        } catch (const http::invalid_input& e) {
            auto found = e.faults();
            http::locate(found, r.members, "query");
            co_return http::response{.status = 422, .body = http::faults_json(found)};
        } catch (...) {
            co_return detail::answer_for_exception(false, connections);
        }
    }

    template <class Reply>
    http::response answer_to_get(const http::request& r, const Reply& reply,
                                 const exchange* how) const {
        if constexpr (detail::has_own_headers<Reply>) {
            auto answered = answer_to_get(r, reply.value, how);
            detail::add_headers(answered, reply.headers);
            return answered;
        } else if constexpr (is_optional<Reply>) {
            if (!reply) return detail::answer_without_one(how);
            return detail::answer_to_get(r, json::text(*reply), how, cache_control_);
        } else {
            return detail::answer_to_get(r, json::text(reply), how, cache_control_);
        }
    }

    H handler_;
    std::string cache_control_;  // of its answers
    std::string vary_;           // likewise
};

}  // namespace larder
