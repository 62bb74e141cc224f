// A query whose answer is cached, as a value: with or without HTTP.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "larder/cache/key.hpp"
#include "larder/cache/value.hpp"
#include "larder/handler.hpp"

namespace LARDER_NAMESPACE {

/// The text of the value under a key in the local tier, good until the next call of the cache.
std::optional<std::string_view> find_local(services& at, std::string_view key);

/// The text of the value under a key that find_local() did not find; else from `load`.
///
/// Errors   what `load` throws; never because of the cache.
/// Cost     that of cache::tiers.
awaitable<std::string> read_through(services& at, std::string key, cache::tiers::loader load,
                                    cache::tiers::check is_value);

/// The same, loaded after the call: what was there is not used, by nobody any more.
awaitable<std::string> load_anew(services& at, std::string key, cache::tiers::loader load,
                                 cache::tiers::check is_value);

/// The texts of the values under these keys, in their order: what is there, and the others from
/// their loads, of which at most three go on at a time.
///
/// Errors   what the first load that fails throws, once the others have ended.
/// Cost     that of cache::tiers::look_all(), and of a read for each other.
awaitable<std::vector<std::string>> read_all_through(services& at, std::vector<std::string> keys,
                                                     std::vector<cache::tiers::loader> loads,
                                                     cache::tiers::check is_value);

namespace detail {

/// Throws std::logic_error if what a load has read is not all of tables on which the family
/// depends, with the names of the others; see pg::pool_options::checks_reads. Tables that a
/// function reads, and those of a transaction of the handler's own, are not seen.
awaitable<void> expect_declared(const pg::session& by, cache::key family);
/// A load that reads an entry of another family depends on the tables of that one, too.
void note_tables_of(services& at, const cache::key& family);

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

/// The value of a text that is one.
template <cache::storable Reply>
Reply value_in(std::string_view text) {
    Reply value{};
    if (!cache::read_back(text, value)) throw_unreadable(text);
    return value;
}

/// The value under a key that find_value() did not find.
template <cache::storable Reply>
awaitable<Reply> read_value(services& at, std::string key, cache::tiers::loader load) {
    const auto text =
        co_await read_through(at, std::move(key), std::move(load), &cache::is_value<Reply>);
    co_return value_in<Reply>(text);
}

}  // namespace detail

/// A family of entries with the statements that load them: one over all rows, one over those with
/// values in the key's columns ($1, $2, ...). Each gives one row; or none, if Reply is
/// std::optional.
///
///     constexpr cached_query<count_reply> order_count{num_orders, count_all, count_one};
///     const auto n = co_await order_count.get(at, 9999);
///     const auto all = co_await order_count.prefetch(at, std::vector{1, 2, 3});
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

    /// The same, loaded after the call, whatever there is: for all who ask from now on.
    awaitable<Reply> refresh(services& at) const {
        return load_now(at, family_, family_.all(), all_, pg::parameters{});
    }
    template <cache::key_part... Values>
        requires(sizeof...(Values) > 0)
    awaitable<Reply> refresh(services& at, Values... values) const {
        return load_now(at, family_, family_.of(values...), one_,
                        pg::parameters{pg::parameter(values)...});
    }

    /// The entries of all these values of the key's one column, in their order; of several columns
    /// with a std::tuple for each. Those that are cached cost one round trip together (for each
    /// 200), and this worker has them afterwards; the others are loaded, three at a time.
    template <cache::key_part Value>
    awaitable<std::vector<Reply>> prefetch(services& at, std::vector<Value> list) const {
        std::vector<std::tuple<Value>> rows;
        rows.reserve(list.size());
        for (auto&& one : list) rows.emplace_back(std::move(one));
        return prefetch(at, rows);
    }
    template <cache::key_part... Values>
    awaitable<std::vector<Reply>> prefetch(services& at,
                                           const std::vector<std::tuple<Values...>>& list) const {
        std::vector<std::string> keys;
        std::vector<pg::parameters> rows;
        for (const auto& one : list) {
            keys.push_back(
                std::apply([&](const auto&... each) { return family_.of(each...); }, one));
            rows.push_back(std::apply(
                [](const auto&... each) { return pg::parameters{pg::parameter(each)...}; }, one));
        }
        return read_all(at, family_, one_, std::move(keys), std::move(rows));
    }

private:
    // Of copies: the query may be gone before it is awaited.
    static awaitable<std::vector<Reply>> read_all(services& at, cache::key family,
                                                  pg::statement sql, std::vector<std::string> keys,
                                                  std::vector<pg::parameters> rows) {
        std::vector<Reply> all;
        if (at.db.is_in_transaction()) {
            for (auto& values : rows) {
                auto value = co_await read_rows(at.db.run(sql, std::move(values)));
                all.push_back(std::move(value));
            }
            co_return all;
        }
        detail::note_tables_of(at, family);
        std::vector<cache::tiers::loader> loads;
        loads.reserve(rows.size());
        for (auto& values : rows)
            loads.push_back(
                [&connections = at.db.connections(), sql, values = std::move(values), family] {
                    return load(connections, family, sql, values, trace::here());
                });
        const auto texts = co_await read_all_through(at, std::move(keys), std::move(loads),
                                                     &cache::is_value<Reply>);
        for (const auto& text : texts) all.push_back(detail::value_in<Reply>(text));
        co_return all;
    }
    static awaitable<Reply> load_now(services& at, cache::key family, std::string key,
                                     pg::statement sql, pg::parameters values) {
        if (at.db.is_in_transaction()) {
            auto value = co_await read_rows(at.db.run(sql, std::move(values)));
            co_return value;
        }
        detail::note_tables_of(at, family);
        cache::tiers::loader loader = [&connections = at.db.connections(), sql,
                                       values = std::move(values), family] {
            return load(connections, family, sql, values, trace::here());
        };
        const auto text =
            co_await load_anew(at, std::move(key), std::move(loader), &cache::is_value<Reply>);
        co_return detail::value_in<Reply>(text);
    }
    static awaitable<Reply> read(services& at, cache::key family, std::string key,
                                 pg::statement sql, pg::parameters values) {
        if (at.db.is_in_transaction()) {  // what that sees, the cache may not know
            auto value = co_await read_rows(at.db.run(sql, std::move(values)));
            co_return value;
        }
        detail::note_tables_of(at, family);
        if (auto found = detail::find_value<Reply>(at, key)) co_return std::move(*found);
        cache::tiers::loader loader = [&connections = at.db.connections(), sql,
                                       values = std::move(values), family] {
            return load(connections, family, sql, values, trace::here());
        };
        auto value = co_await detail::read_value<Reply>(at, std::move(key), std::move(loader));
        co_return value;
    }
    static awaitable<std::string> load(pg::pool& connections, cache::key family, pg::statement sql,
                                       pg::parameters values, trace::context within) {
        pg::session session{connections, within};
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

}  // namespace LARDER_NAMESPACE
