// The cache without HTTP: a cached query as a value, and a transaction that remembers what it makes
// untrue. Reads PG_SERVICE_URI and VALKEY_SERVICE_URI, and makes a table of its own.
#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "larder/cached_query.hpp"
#include "larder/transaction.hpp"

namespace {

struct seats {
    std::int64_t taken = 0;
};
BOOST_DESCRIBE_STRUCT(seats, (), (taken))

/// seats_taken:all and seats_taken:<train>; untrue once a row of bookings changes.
constexpr larder::cache::key seats_taken{"seats_taken",
                                         larder::cache::depends_on{"bookings", "train"}};
constexpr larder::cached_query<seats> taken{
    seats_taken,
    {"SELECT coalesce(sum(seats), 0) AS taken FROM bookings", true},
    {"SELECT coalesce(sum(seats), 0) AS taken FROM bookings WHERE train = $1", true}};

constexpr larder::pg::statement make_table{
    "CREATE TABLE IF NOT EXISTS bookings (train int, seats int)"};
constexpr larder::pg::statement clear{"DELETE FROM bookings"};
constexpr larder::pg::statement book{"INSERT INTO bookings VALUES ($1, $2)"};

larder::awaitable<void> show(larder::services& at, int train) {
    const auto of_train = co_await taken.get(at, train);
    const auto of_all = co_await taken.get(at);
    std::cout << "train " << train << ": " << of_train.taken << ", all trains: " << of_all.taken
              << '\n';
}

larder::awaitable<void> show_more(larder::services& at) {
    const std::vector<int> trains{7, 8};
    const auto all = co_await taken.prefetch(at, trains);  // in one round trip
    for (std::size_t i = 0; i < trains.size(); ++i)
        std::cout << "train " << trains[i] << ": " << all[i].taken << '\n';

    const auto now = co_await taken.refresh(at, 7);  // whatever is in the cache
    std::cout << "train 7, counted again: " << now.taken << '\n';
}

larder::awaitable<void> start_anew(larder::services& at) {
    co_await at.db.execute(make_table);
    auto change = co_await larder::transaction::begin(at);
    co_await change.execute(clear);
    for (const int train : {7, 8}) change.breaks(seats_taken, train);
    co_await change.commit();
}

larder::awaitable<void> use(larder::services& at) {
    co_await at.cache.start();
    co_await start_anew(at);
    co_await show(at, 7);

    auto change = co_await larder::transaction::begin(at);
    for (const int train : {7, 8}) {
        co_await change.execute(book, train, 2);
        change.breaks(seats_taken, train);
    }
    co_await change.commit();
    co_await show(at, 7);  // from PostgreSQL, since the commit made the entries untrue

    auto undone = co_await larder::transaction::begin(at);
    co_await undone.execute(book, 7, 100);
    undone.breaks(seats_taken, 7);
    co_await undone.rollback();
    co_await show(at, 7);  // from the cache: nothing was committed
    co_await show_more(at);
    at.cache.stop();
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace

int main() {
    const auto source = larder::pg::conninfo::parse(variable("PG_SERVICE_URI"));
    const auto shared = larder::valkey::parse_uri(variable("VALKEY_SERVICE_URI"));
    if (!source || !shared) {
        std::cerr << "Set PG_SERVICE_URI and VALKEY_SERVICE_URI to the URIs of two servers\n";
        return 78;
    }
    spdlog::set_level(spdlog::level::warn);
    boost::asio::io_context io{1};
    larder::pg::pool connections{io.get_executor(), {.server = *source}};
    larder::cache::own_writes own;
    larder::cache::tiers cache{io.get_executor(),
                               {.server = *shared},
                               own,
                               {.families = {"seats_taken"}, .local_bytes = 1 << 20}};
    larder::pg::session session{connections};
    larder::services at{session, cache};
    int status = 0;
    boost::asio::co_spawn(io, use(at), [&](const std::exception_ptr& failed) {
        connections.close();
        if (!failed) return;
        cache.stop();
        status = 1;
        try {
            std::rethrow_exception(failed);
        } catch (const std::exception& e) {
            std::cerr << e.what() << '\n';
        }
    });
    io.run();
    return status;
}
