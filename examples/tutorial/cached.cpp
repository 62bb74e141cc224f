// Step 2 of docs/tutorial.md: the counts are cached.
#include <boost/describe/class.hpp>

#include <larder/app.hpp>
#include <larder/program.hpp>

#include <cstdint>
#include <optional>

namespace shop {

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct count_reply {
    std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(count_reply, (), (count))

constexpr larder::pg::statement count_orders{
    "SELECT count(*) FROM orders WHERE $1::int IS NULL OR customerid = $1", true};

larder::awaitable<count_reply> read_count(larder::services& at, count_query query) {
    return at.db.one<count_reply>(count_orders, query.customerid);
}

constexpr larder::cache::key num_orders{"num_orders",
                                        larder::cache::depends_on{"orders", "customerid"}};

void add_routes(larder::app& at) {
    at.get("/count", read_count | larder::cached(num_orders(&count_query::customerid)));
}

}  // namespace shop

int main(int argc, char** argv) {
    return larder::program::run(
        {.name = "shop", .database = "dellstore", .add_routes = shop::add_routes}, argc, argv);
}
