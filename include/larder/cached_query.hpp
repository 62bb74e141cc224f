// A query whose answer is cached, as a value: with or without HTTP.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "larder/cache/key.hpp"
#include "larder/cache/value.hpp"
#include "larder/handler.hpp"

namespace larder {

/// The text of the value under a key in the local tier, good until the next call of the cache.
std::optional<std::string_view> find_local(services& at, std::string_view key);

/// The text of the value under a key that find_local() did not find; else from `load`.
///
/// Errors   what `load` throws; never because of the cache.
/// Cost     that of cache::tiers.
awaitable<std::string> read_through(services& at, std::string key, cache::tiers::loader load,
                                    cache::tiers::check is_value);

namespace detail {

/// Throws std::logic_error if what a load has read is not all of tables on which the family
/// depends, with the names of the others; see pg::pool_options::checks_reads. Tables that a
/// function reads, and those of a transaction of the handler's own, are not seen.
awaitable<void> expect_declared(const pg::session& by, cache::key family);

[[noreturn]] void throw_unreadable(std::string_view text);

/// PostgreSQL is told to end what a load of the family runs for too long.
inline void set_limit(pg::session& of, const cache::key& family) {
    if (const auto& most = family.policy().timeout)
        of.end_statements_at(std::chrono::steady_clock::now() + *most);
}

/// The value under a key in the local tier.
template <cache::storable Reply>
std::optional<Reply> find_value(services& at, std::string_view key) {
    std::optional<Reply> value(std::in_place);
    const auto text = find_local(at, key);
    if (!text || !cache::read_back(*text, *value)) value.reset();
    return value;
}

/// The value under a key that find_value() did not find.
template <cache::storable Reply>
awaitable<Reply> read_value(services& at, std::string key, cache::tiers::loader load) {
    const auto text =
        co_await read_through(at, std::move(key), std::move(load), &cache::is_value<Reply>);
    Reply value{};
    if (!cache::read_back(text, value)) throw_unreadable(text);
    co_return value;
}

}  // namespace detail

/// A family of entries with the statements that load them: one over all rows, one over those with
/// values in the key's columns ($1, $2, ...). Each gives one row; or none, if Reply is
/// std::optional.
///
///     constexpr cached_query<count_reply> order_count{num_orders, count_all, count_one};
///     const auto n = co_await order_count.get(at, 9999);
///
/// Shape    key as in cache::key; value any cache::storable struct.
/// Errors   throws pg::error, and cache::load_error if the key's policy bounds its loads; never
///          because of the cache.
/// Cancel   a load that others wait for goes on.
/// Cost     that of cache::tiers; one statement a load.
template <cache::storable Reply>
class cached_query {
public:
    constexpr cached_query(cache::key family, pg::statement all, pg::statement one)
        : family_(family), all_(all), one_(one) {}

    /// The entry over all rows.
    awaitable<Reply> get(services& at) const {
        return read(at, family_, family_.all(), all_, pg::parameters{});
    }
    /// The entry over the rows with these values in the key's columns.
    template <cache::key_part... Values>
        requires(sizeof...(Values) > 0)
    awaitable<Reply> get(services& at, Values... values) const {
        return read(at, family_, family_.of(values...), one_,
                    pg::parameters{pg::parameter(values)...});
    }

private:
    // Of copies: the query may be gone before it is awaited.
    static awaitable<Reply> read(services& at, cache::key family, std::string key,
                                 pg::statement sql, pg::parameters values) {
        if (at.db.is_in_transaction()) {  // what that sees, the cache may not know
            auto value = co_await read_rows(at.db.run(sql, std::move(values)));
            co_return value;
        }
        if (auto found = detail::find_value<Reply>(at, key)) co_return std::move(*found);
        cache::tiers::loader loader = [&connections = at.db.connections(), sql,
                                       values = std::move(values),
                                       family] { return load(connections, family, sql, values); };
        auto value = co_await detail::read_value<Reply>(at, std::move(key), std::move(loader));
        co_return value;
    }
    static awaitable<std::string> load(pg::pool& connections, cache::key family, pg::statement sql,
                                       pg::parameters values) {
        pg::session session{connections};
        detail::set_limit(session, family);
        const auto reply = co_await read_rows(session.run(sql, std::move(values)));
        if (connections.checks_reads()) co_await detail::expect_declared(session, family);
        co_return cache::to_text(reply);
    }
    static awaitable<Reply> read_rows(awaitable<pg::result> rows) {
        if constexpr (is_optional<Reply>)
            return pg::session::first_row<typename Reply::value_type>(std::move(rows));
        else return pg::session::only_row<Reply>(std::move(rows));
    }

    cache::key family_;
    pg::statement all_;
    pg::statement one_;
};

}  // namespace larder
