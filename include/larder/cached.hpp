// The decorators: `read | cached(key)` and `write | invalidates(key)`.
#pragma once

#include <spdlog/spdlog.h>

#include <exception>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "larder/cache/key.hpp"
#include "larder/cached_query.hpp"
#include "larder/found_by.hpp"
#include "larder/handler.hpp"

namespace larder {

/// What `cached(key)` returns; apply it to a handler with `|`.
template <class Key>
struct cached_by {
    Key key;
    http::client_policy policy;
};
/// What `invalidates(key...)` returns; apply it to a handler with `|`.
template <class... Keys>
struct invalidates_by {
    std::tuple<Keys...> keys;
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
/// untrue are held while it commits, and gone before anybody gets an answer. They are those of keys
/// with a member of the input, what found_by() finds, and those of every_entry().
template <class... Keys>
constexpr invalidates_by<Keys...> invalidates(Keys... keys) {
    static_assert(sizeof...(Keys) > 0,
                  "a write that makes no entry untrue says invalidates(nothing)");
    return {{keys...}};
}

/// A handler that answers from the cache.
///
/// Errors   what the handler throws, and cache::load_error if the key's policy bounds its loads;
///          never because of the cache.
/// Cancel   a load that others wait for goes on.
/// Cost     those of cache::tiers; the load is the handler, with a session of its own.
template <handler H, class Key>
class cached_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    static_assert(std::same_as<input, typename Key::input>, "the key is of another input");
    static_assert(detail::count_from_elsewhere<input>().from_header ==
                      Key::members_from.from_header,
                  "the key of a cached handler has each member of its input that is from a header");
    static_assert(detail::count_from_elsewhere<input>().from_caller ==
                      Key::members_from.from_caller,
                  "the key of a cached handler has each member of its input that is from the "
                  "caller");
    static_assert(!guarded<H>,
                  "before(...) comes behind cached(...), or who is not let in would be answered");
    static_assert(cache::storable<reply>,
                  "a cached reply is a described struct of booleans, integers, strings, decimals, "
                  "dates, timestamps, UUIDs, described enumerations, and optionals, vectors and "
                  "structs of these");

    constexpr cached_handler(H inner, Key key, http::client_policy policy)
        : inner_(std::move(inner)), key_(key), policy_(policy) {}

    /// The family of the entries that this handler reads and fills.
    constexpr std::string_view family() const { return key_.family(); }
    /// What clients are told: what the route says, and else what larder itself does.
    constexpr http::client_policy policy() const {
        auto told = policy_;
        const auto& own = key_.whole().policy();
        if (!told.tells_of_stale) return told;
        if (told.stale_while_revalidate.count() == 0)
            told.stale_while_revalidate = own.stale_while_revalidate;
        if (told.stale_if_error.count() == 0) told.stale_if_error = own.stale_if_error;
        return told;
    }
    constexpr const Key& key() const { return key_; }

    awaitable<reply> operator()(services& at, input in) const {
        if (at.db.is_in_transaction()) {  // what that sees, the cache may not know
            auto value = co_await inner_(at, std::move(in));
            co_return value;
        }
        auto key = key_.entry(in);
        if (auto found = detail::find_value<reply>(at, key)) co_return std::move(*found);
        cache::tiers::loader load = [inner = inner_, family = key_.whole(),
                                     &connections = at.db.connections(), &cache = at.cache,
                                     in = std::move(in)] {
            return load_text(inner, family, connections, cache, in, trace::here());
        };
        auto value = co_await detail::read_value<reply>(at, std::move(key), std::move(load));
        co_return value;
    }

private:
    // With a session of its own, as it may outlive the request that began it.
    static awaitable<std::string> load_text(H inner, cache::key family, pg::pool& connections,
                                            cache::tiers& cache, input in, trace::context within) {
        pg::session session{connections, within};
        detail::set_limit(session, family);
        services at{session, cache};
        const auto value = co_await inner(at, std::move(in));
        if (connections.checks_reads()) co_await detail::expect_declared(session, family);
        co_return cache::to_text(value);
    }

    H inner_;
    Key key_;
    http::client_policy policy_;
};

namespace detail {

/// A query for values whose entries are untrue.
struct key_query {
    cache::key family;
    pg::statement sql;
    pg::parameters values;
    std::vector<std::string> (*entries)(const cache::key& family, found_texts found);
};

/// Adds the keys of what the queries find. Throws pg::error.
awaitable<void> find_keys(pg::pool& connections, const std::vector<key_query>& queries,
                          std::vector<std::string>& keys, trace::context within);

/// Keys that were not found before the write; where PostgreSQL does not tell, all entries are made
/// untrue in the background.
struct more_keys {
    std::vector<std::string> keys;
    std::exception_ptr failed;
};
awaitable<more_keys> find_more_keys(services& at, const std::vector<key_query>& queries,
                                    const std::vector<std::string>& known);

}  // namespace detail

/// A handler that writes, and says what its write makes untrue.
///
/// Errors   what the handler throws. If it has written all the same, or may have (the connection
///          was lost under way), the entries are gone before the error goes on.
template <handler H, class... Keys>
class invalidating_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    static constexpr bool declares_what_it_breaks = true;
    static_assert(!guarded<H>, "before(...) comes behind invalidates(...)");
    static_assert(!conditional<H>, "preconditions_on(...) comes behind invalidates(...)");

    constexpr invalidating_handler(H inner, std::tuple<Keys...> keys)
        : inner_(std::move(inner)), keys_(keys) {}

    /// `num_orders:all`, `num_orders:{customerid}`, for docs.
    std::vector<std::string> patterns() const {
        std::vector<std::string> all;
        const auto add = [&](const auto& key) {
            if constexpr (requires { key.pattern(); }) {
                all.push_back(key.pattern());
            } else if constexpr (requires { key.patterns(); }) {
                for (auto& one : key.patterns()) all.push_back(std::move(one));
            }
        };
        std::apply([&](const auto&... one) { (add(one), ...); }, keys_);
        return all;
    }

    awaitable<reply> operator()(services& at, input in) const {
        auto keys = broken_by(in);
        const auto queries = queries_for(in);
        auto& pool = at.db.connections();
        if (!queries.empty()) co_await detail::find_keys(pool, queries, keys, at.db.trace());
        cache::write change{at.cache, keys, at.db.trace()};
        at.db.before_commit([&change] { return change.hold(); },
                            [&change] { return change.needs_no_hold(); });
        std::exception_ptr failed;
        reply value{};
        try {
            value = co_await inner_(at, std::move(in));
            at.db.mark_written();
        } catch (...) {
            failed = std::current_exception();
        }
        at.db.before_commit({});
        const bool has_written = at.db.may_have_written();
        if (has_written && !keys.empty() && spdlog::should_log(spdlog::level::debug))
            spdlog::debug("Clearing caches for {}", listed(keys));
        if (has_written && !queries.empty()) {
            auto missed = co_await detail::find_more_keys(at, queries, keys);
            if (missed.failed && !failed) failed = missed.failed;
            change.add(std::move(missed.keys));
        }
        cache::write::ask_fate what_became;
        if (at.db.written() == pg::outcome::unknown) what_became = at.db.fate_check();
        auto transaction = at.db.transaction();
        const auto untold =
            co_await change.end(has_written, std::move(what_became), std::move(transaction));
        if (!untold.empty()) co_await pool.announce(untold);
        if (failed) std::rethrow_exception(failed);
        co_return value;
    }

private:
    std::vector<std::string> broken_by(const input& in) const {
        std::vector<std::string> all;
        const auto add = [&]<class Key>(const Key& key) {
            if constexpr (std::same_as<Key, cache::whole_family>) {
                all.push_back(key.entry());
            } else if constexpr (!std::same_as<Key, nothing_t>) {
                static_assert(std::same_as<input, typename Key::input>,
                              "the key is of another input");
                if constexpr (requires { key.broken_by(in); })
                    for (auto& one : key.broken_by(in)) all.push_back(std::move(one));
            }
        };
        std::apply([&](const auto&... one) { (add(one), ...); }, keys_);
        return all;
    }
    std::vector<detail::key_query> queries_for(const input& in) const {
        std::vector<detail::key_query> all;
        const auto add = [&](const auto& key) {
            if constexpr (requires { key.values(in); })
                all.push_back({key.family, key.sql, key.values(in), &key.entries});
        };
        std::apply([&](const auto&... one) { (add(one), ...); }, keys_);
        return all;
    }
    static std::string listed(const std::vector<std::string>& keys) {
        std::string out = keys.front();
        for (std::size_t i = 1; i < keys.size(); ++i) out += " and " + keys[i];
        return out;
    }

    H inner_;
    std::tuple<Keys...> keys_;
};

/// A handler that declares what its write makes untrue.
template <class H>
concept invalidating = handler<H> && H::declares_what_it_breaks;

/// A handler that answers from the cache.
template <class H>
concept caching = handler<H> && requires(const H& h) { h.family(); };

/// What the compiler says of a handler that writes and does not: it takes no such one.
template <class H>
concept a_write_says_what_it_makes_untrue_by_invalidates = handler<H> && !invalidating<H>;

template <class Reply, class Input, class Key>
    requires detail::is_function_of_others<Reply, Input>
auto operator|(awaitable<Reply> (*)(services&, Input), const cached_by<Key>&) {
    return detail::is_no_handler<awaitable<Reply> (*)(services&, Input)>::why();
}
template <class Reply, class Input, class... Keys>
    requires detail::is_function_of_others<Reply, Input>
auto operator|(awaitable<Reply> (*)(services&, Input), const invalidates_by<Keys...>&) {
    return detail::is_no_handler<awaitable<Reply> (*)(services&, Input)>::why();
}

template <handler H, class Key>
    requires(!invalidating<H>)
constexpr cached_handler<H, Key> operator|(H inner, cached_by<Key> by) {
    return {std::move(inner), by.key, by.policy};
}
template <handler H, class... Keys>
    requires(!caching<H>)
constexpr invalidating_handler<H, Keys...> operator|(H inner, invalidates_by<Keys...> by) {
    return {std::move(inner), by.keys};
}

}  // namespace larder
