#include "load_sample.hpp"

#include <boost/describe/class.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>

#include "basket.hpp"
#include "larder/pg/pool.hpp"

namespace baskets {

namespace pg = larder::pg;

struct database_state {
    std::string database;
    bool is_loaded = false;
};
BOOST_DESCRIBE_STRUCT(database_state, (), (database, is_loaded))

struct loaded {
    std::int64_t baskets = 0, items = 0, products = 0, vouchers = 0;
};
BOOST_DESCRIBE_STRUCT(loaded, (), (baskets, items, products, vouchers))

namespace {

// Of two loads at the same time the second waits, and then finds the first one's tables.
constexpr pg::statement wait_for_others{
    "SELECT pg_advisory_xact_lock(hashtextextended('basket load-sample', 0))"};
constexpr pg::statement look{
    "SELECT current_database() AS database, to_regclass('public.baskets') IS NOT NULL AS "
    "is_loaded"};
constexpr pg::statement has_products{
    "SELECT current_database() AS database, to_regclass('public.products') IS NOT NULL AS "
    "is_loaded"};

constexpr std::array product_steps{
    pg::statement{"CREATE TABLE public.products (prod_id int PRIMARY KEY, category int NOT NULL,"
                  " title varchar(50) NOT NULL, price numeric(12,2) NOT NULL CHECK (price >= 0))"},
    pg::statement{"INSERT INTO public.products SELECT n, 1 + n % 16, 'Product ' || n,"
                  " 5 + (n * 37 % 4500) / 100.0 FROM generate_series(1, 1000) n"}};

constexpr std::array steps{
    // Products that somebody else's sample has may lack it.
    pg::statement{"DO $$BEGIN ALTER TABLE public.products ADD CONSTRAINT products_price_check"
                  " CHECK (price >= 0); EXCEPTION WHEN duplicate_object THEN NULL; END$$"},
    pg::statement{"CREATE TABLE public.baskets (basketid int PRIMARY KEY)"},
    pg::statement{"CREATE TABLE public.basket_items ("
                  " basketid int REFERENCES public.baskets,"
                  " prod_id int REFERENCES public.products,"
                  " quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 1000),"
                  " PRIMARY KEY (basketid, prod_id))"},
    pg::statement{"CREATE INDEX basket_items_prod_id ON public.basket_items (prod_id)"},
    pg::statement{"CREATE TABLE public.vouchers (code text PRIMARY KEY,"
                  " percent int NOT NULL CHECK (percent BETWEEN 1 AND 100),"
                  " valid_until date NOT NULL)"},
    pg::statement{"INSERT INTO public.baskets SELECT generate_series(1, 300)"},
    // One to five of the products each.
    pg::statement{"INSERT INTO public.basket_items"
                  " SELECT basketid, prod_id, 1 + (basketid + k) % 3"
                  " FROM public.baskets CROSS JOIN LATERAL generate_series(0, basketid % 5) k"
                  " JOIN (SELECT prod_id, row_number() OVER (ORDER BY prod_id) - 1 AS place,"
                  "  count(*) OVER () AS size FROM public.products) p"
                  " ON place = (basketid * 31 + k * 17) % size ON CONFLICT DO NOTHING"},
    pg::statement{"INSERT INTO public.vouchers VALUES ('SPRING', 10, '2099-12-31'),"
                  " ('FRIENDS', 25, '2099-12-31'), ('WINTER', 20, '2020-02-29')"},
    pg::statement{"ANALYZE public.baskets, public.basket_items, public.products, public.vouchers"}};

constexpr pg::statement count{
    "SELECT (SELECT count(*) FROM public.baskets) AS baskets,"
    " (SELECT count(*) FROM public.basket_items) AS items,"
    " (SELECT count(*) FROM public.products) AS products,"
    " (SELECT count(*) FROM public.vouchers) AS vouchers"};

larder::awaitable<void> load(pg::pool& source) {
    auto all = co_await source.begin();
    co_await all.execute(wait_for_others);
    const auto found = co_await all.one<database_state>(look);
    if (found.is_loaded) {
        std::cout << "Database " << found.database
                  << " already has a table public.baskets: nothing was changed.\n";
        co_return;
    }
    const auto others = co_await all.one<database_state>(has_products);
    if (!others.is_loaded)
        for (const auto& step : product_steps) co_await all.execute(step);
    for (const auto& step : steps) co_await all.execute(step);
    const auto made = co_await all.one<loaded>(count);
    co_await all.commit();
    std::cout << "Database " << found.database << " has the sample: " << made.baskets
              << " baskets with " << made.items << " items of " << made.products
              << " products, and " << made.vouchers << " vouchers.\n";
}

}  // namespace

larder::program::action define_load_sample(CLI::App&) {
    return [] {
        larder::program::with_source(default_database, load);
        return 0;
    };
}

}  // namespace baskets
