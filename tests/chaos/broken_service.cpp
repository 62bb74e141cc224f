// The orders service with a cache of its own making, in one of the two forms that are quietly
// wrong. Both read the same way: the entry, or else the source, and then SET.
//
//   broken_service delete_after PORT    write: INSERT, commit, then DEL. A reader that read the
//                                       source before the commit may SET after the DEL.
//   broken_service delete_before PORT   write: DEL, then INSERT, as the tutorial has it. A reader
//                                       between the two SETs what is about to be untrue.
#include <csignal>
#include <string>
#include <string_view>

#include "larder/app.hpp"
#include "orders.hpp"
#include "program/settings.hpp"
#include "support/valkey_client.hpp"

namespace {

using larder::awaitable;
using larder::services;
namespace pg = larder::pg;

constexpr pg::statement count_all{"SELECT count(*) FROM orders", true};
constexpr pg::statement count_one{"SELECT count(*) FROM orders WHERE customerid = $1", true};
constexpr pg::statement insert_order{
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ($1, $2, $3, $4, $5)"};

// It blocks its worker, which only makes this service slower.
larder::test::valkey_client& valkey() {
    thread_local larder::test::valkey_client mine{std::string{std::getenv("VALKEY_SERVICE_URI")}};
    return mine;
}

awaitable<orders::count_reply> load(services& at, orders::count_query query) {
    if (!query.customerid) co_return co_await at.db.one<orders::count_reply>(count_all);
    co_return co_await at.db.one<orders::count_reply>(count_one, *query.customerid);
}

awaitable<orders::count_reply> read_count(services& at, orders::count_query query) {
    const auto key = orders::num_orders(&orders::count_query::customerid).entry(query);
    if (const auto found = valkey().get(key)) co_return orders::count_reply{std::stoll(*found)};
    const auto count = co_await load(at, query);
    valkey().command({"SET", key, std::to_string(count.count), "EX", "120"});
    co_return count;
}

void forget(const orders::new_order& order) {
    for (const auto& key : orders::num_orders(&orders::new_order::customerid).broken_by(order))
        valkey().del(key);
}

awaitable<void> insert(services& at, const orders::new_order& order) {
    const auto total = checked_add(order.netamount, order.tax);
    co_await at.db.execute(insert_order, order.orderdate, order.customerid, order.netamount,
                           order.tax, total.value());
}

awaitable<orders::add_reply> delete_after(services& at, orders::new_order order) {
    co_await insert(at, order);
    forget(order);
    co_return orders::add_reply{{order.customerid}};
}

awaitable<orders::add_reply> delete_before(services& at, orders::new_order order) {
    forget(order);
    co_await insert(at, order);
    co_return orders::add_reply{{order.customerid}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 64;
    std::signal(SIGPIPE, SIG_IGN);
    const auto source = larder::program::source_from_environment(orders::default_database);
    const auto shared = larder::program::shared_tier_from_environment();
    if (!source || !shared) return 78;
    larder::app at{{
        .port = static_cast<std::uint16_t>(std::stoi(argv[2])),
        .workers = 2,
        .source = larder::pg::pool_options{.server = *source},
        .shared = larder::valkey::client_options{.server = *shared},
    }};
    const auto form = std::string_view{argv[1]} == "delete_after" ? &delete_after : &delete_before;
    at.get("/count", &read_count);
    at.post("/add/", form | larder::invalidates(larder::nothing));
    return at.run();
}
