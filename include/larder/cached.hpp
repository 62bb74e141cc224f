// The decorators: `read | cached(key)` and `write | invalidates(key)`.
#pragma once

#include <spdlog/spdlog.h>

#include <string>
#include <utility>
#include <vector>

#include "larder/cache/key.hpp"
#include "larder/cached_query.hpp"
#include "larder/handler.hpp"

namespace larder {

/// What `cached(key)` returns; apply it to a handler with `|`.
template <class Key>
struct cached_by {
    Key key;
    http::client_policy policy;
};
/// What `invalidates(key)` returns; apply it to a handler with `|`.
template <class Key>
struct invalidates_by {
    Key key;
};
/// What a write declares that makes no entry untrue: `write | invalidates(nothing)`.
inline constexpr struct nothing_t {
} nothing{};

/// Answers from the entry under the key; else runs the handler and fills the entry. `policy` is
/// what clients may keep themselves: by default nothing without asking again.
template <class Key>
constexpr cached_by<Key> cached(Key key, http::client_policy policy = {}) {
    return {key, policy};
}
/// Runs the handler, whose write is committed when it returns; the entries that the input makes
/// untrue are held while it commits, and gone before anybody gets an answer.
template <class Key>
constexpr invalidates_by<Key> invalidates(Key key) {
    return {key};
}

/// A handler that answers from the cache.
///
/// Errors   what the handler throws; never because of the cache.
/// Cancel   a load that others wait for goes on.
/// Cost     those of cache::tiers; the load is the handler, with a session of its own.
template <handler H, class Key>
class cached_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    static_assert(std::same_as<input, typename Key::input>, "the key is of another input");
    static_assert(cache::storable<reply>,
                  "a cached reply is a described struct of booleans, integers, strings, decimals, "
                  "dates, timestamps, UUIDs, described enumerations, and optionals, vectors and "
                  "structs of these");

    constexpr cached_handler(H inner, Key key, http::client_policy policy)
        : inner_(std::move(inner)), key_(key), policy_(policy) {}

    /// The family of the entries that this handler reads and fills.
    constexpr std::string_view family() const { return key_.family(); }
    /// The table whose rows they are computed from.
    constexpr const cache::depends_on& source() const { return key_.source(); }
    constexpr const http::client_policy& policy() const { return policy_; }
    constexpr const Key& key() const { return key_; }

    awaitable<reply> operator()(services& at, input in) const {
        auto key = key_.entry(in);
        if (auto found = detail::find_value<reply>(at, key)) co_return std::move(*found);
        cache::tiers::loader load = [inner = inner_, &connections = at.db.connections(),
                                     &cache = at.cache, in = std::move(in)] {
            return load_text(inner, connections, cache, in);
        };
        auto value = co_await detail::read_value<reply>(at, std::move(key), std::move(load));
        co_return value;
    }

private:
    // With a session of its own, as it may outlive the request that began it.
    static awaitable<std::string> load_text(H inner, pg::pool& connections, cache::tiers& cache,
                                            input in) {
        pg::session session{connections};
        services at{session, cache};
        const auto value = co_await inner(at, std::move(in));
        co_return cache::to_text(value);
    }

    H inner_;
    Key key_;
    http::client_policy policy_;
};

/// A handler that writes, and says what its write makes untrue.
///
/// Errors   what the handler throws. If it has written all the same, or may have (the connection
///          was lost under way), the entries are gone before the error goes on.
template <handler H, class Key>
class invalidating_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    static constexpr bool declares_what_it_breaks = true;

    constexpr invalidating_handler(H inner, Key key) : inner_(std::move(inner)), key_(key) {}

    constexpr const Key& key() const { return key_; }

    awaitable<reply> operator()(services& at, input in) const {
        const auto keys = broken_by(in);
        cache::write change{at.cache, keys};
        at.db.before_commit([&change] { return change.hold(); });
        std::exception_ptr failed;
        reply value{};
        try {
            value = co_await inner_(at, std::move(in));
            at.db.mark_written();
        } catch (...) {
            failed = std::current_exception();
        }
        at.db.before_commit({});
        if (at.db.may_have_written() && !keys.empty())
            spdlog::debug("Clearing caches for {}", listed(keys));
        cache::write::ask_fate what_became;
        if (at.db.written() == pg::outcome::unknown) what_became = at.db.fate_check();
        co_await change.end(at.db.may_have_written(), std::move(what_became));
        if (failed) std::rethrow_exception(failed);
        co_return value;
    }

private:
    std::vector<std::string> broken_by(const input& in) const {
        if constexpr (std::same_as<Key, nothing_t>) {
            return {};
        } else {
            static_assert(std::same_as<input, typename Key::input>, "the key is of another input");
            return key_.broken_by(in);
        }
    }
    static std::string listed(const std::vector<std::string>& keys) {
        std::string out = keys.front();
        for (std::size_t i = 1; i < keys.size(); ++i) out += " and " + keys[i];
        return out;
    }

    H inner_;
    Key key_;
};

/// A handler that declares what its write makes untrue.
template <class H>
concept invalidating = handler<H> && H::declares_what_it_breaks;

/// A handler that answers from the cache.
template <class H>
concept caching = handler<H> && requires(const H& h) { h.family(); };

template <handler H, class Key>
    requires(!invalidating<H>)
constexpr cached_handler<H, Key> operator|(H inner, cached_by<Key> by) {
    return {std::move(inner), by.key, by.policy};
}
template <handler H, class Key>
    requires(!caching<H>)
constexpr invalidating_handler<H, Key> operator|(H inner, invalidates_by<Key> by) {
    return {std::move(inner), by.key};
}

}  // namespace larder
