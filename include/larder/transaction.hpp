// Statements that are committed together, and what their commit makes untrue.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "larder/cache/key.hpp"
#include "larder/cache/tiers.hpp"
#include "larder/pg/transaction.hpp"
#include "larder/services.hpp"

namespace LARDER_NAMESPACE {

/// A transaction that remembers which entries it makes untrue. They are held while it commits and
/// gone when commit() returns, so whoever reads then gets what was committed.
///
///     auto change = co_await larder::transaction::begin(at);
///     co_await change.execute(insert_order, 9999, price);
///     change.breaks(num_orders, 9999);
///     co_await change.commit();
///
/// Errors   throws pg::error. commit() that throws error{interrupted} may have committed: the
///          entries are gone all the same.
/// Threads  call on the worker of the services.
/// Cost     that of pg::transaction and cache::write.
class transaction : public pg::statements<transaction> {
public:
    static boost::asio::awaitable<transaction> begin(services& at);

    boost::asio::awaitable<pg::result> run(const pg::statement& sql, pg::parameters values);

    /// All entries of a family that is kept by generation will be untrue. Throws std::logic_error
    /// for another one, whose entries have to be named by values.
    void breaks(const cache::key& family) { add(family.broken_as_a_whole()); }
    /// The entry over all rows will be untrue, and no other; of a family that is kept by
    /// generation, all entries.
    void breaks_entry_of_all_rows(const cache::key& family) { add(family.broken_by_any()); }
    /// That one, the one over the rows with these values, and those over rows with some of them.
    template <cache::key_value... Values>
        requires(sizeof...(Values) > 0)
    void breaks(const cache::key& family, const Values&... values) {
        for (auto& entry : family.broken_by(values...)) add(std::move(entry));
    }

    boost::asio::awaitable<void> commit();
    boost::asio::awaitable<void> rollback() { return inner_.rollback(); }

private:
    transaction(services& at, pg::transaction inner)
        : connections_(at.db.connections()),
          cache_(at.cache),
          trace_(at.db.trace()),
          inner_(std::move(inner)) {}
    void add(std::string entry);

    pg::pool& connections_;
    cache::tiers& cache_;
    trace::context trace_;
    pg::transaction inner_;
    std::vector<std::string> broken_;
};

}  // namespace LARDER_NAMESPACE
