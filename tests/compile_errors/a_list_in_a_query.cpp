// Says: a struct or a vector in an input comes in a body, not in a query

#include <vector>

namespace shop {

struct wanted {
    std::vector<std::int32_t> ids;
};
BOOST_DESCRIBE_STRUCT(wanted, (), (ids))

awaitable<thing> find(services&, wanted);
void add_routes(larder::app& at) { at.get("/things", find); }

}  // namespace shop
