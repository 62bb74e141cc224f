// A service: routes to typed handlers, served by one worker a core.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/admin.hpp"
#include "larder/app_options.hpp"
#include "larder/cached.hpp"
#include "larder/endpoint.hpp"
#include "larder/on_violation.hpp"
#include "larder/openapi.hpp"
#include "larder/path.hpp"
#include "larder/pg/notifications.hpp"
#include "larder/services.hpp"

namespace LARDER_NAMESPACE {

/// What a service does when PostgreSQL tells it something.
using notified = std::function<awaitable<void>(services&, pg::notification)>;

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

    /// Runs `then` for what is notified on a channel of PostgreSQL (NOTIFY, pg_notify()), by
    /// anyone: on one worker, for one after the other, in the order of their commits. It is told
    /// without a payload each time that it begins to listen, as what came before may have been
    /// missed. Every instance is told. What it throws is logged, once a second at most. Listens
    /// where the log is read, if app_options::follow_source says where, and takes one of
    /// pool_options::max_of_process. Throws std::invalid_argument as pg::notifications does, and if
    /// the channel has a handler.
    void hears(std::string channel, notified then);

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
    struct state;

    template <http::method Method, handler H>
    void add_route(std::string_view path, H h) {
        static_assert(guarded<H> || detail::count_from_elsewhere<input_of<H>>().from_caller == 0,
                      "the input has a member from the caller, and no before(...) says who it is");
        auto docs = openapi::describe(h, Method, std::string{path});
        add(std::move(docs), std::make_unique<typed_endpoint<H, Method>>(std::move(h)));
    }

    void add(openapi::operation docs, std::unique_ptr<endpoint> e);

    std::unique_ptr<state> state_;
};

}  // namespace LARDER_NAMESPACE
