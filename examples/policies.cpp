// A service whose keys say how their entries live and are loaded. It needs a table of things; it is
// run by tests/integration/policy_test.cpp.
#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "larder/app.hpp"
#include "larder/program.hpp"

namespace policies {

using namespace std::chrono_literals;
using larder::awaitable;
using larder::services;
namespace pg = larder::pg;

struct which_thing {
    std::int32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(which_thing, (), (id))

struct thing {
    std::int32_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(thing, (), (id, name))

struct new_thing {
    std::int32_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(new_thing, (), (id, name))

constexpr pg::statement find{"SELECT id, name FROM things WHERE id = $1", true};
constexpr pg::statement put{
    "INSERT INTO things VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = $2"
    " RETURNING id, name"};

constexpr larder::cache::depends_on things{"things", "id"};
constexpr auto quick = larder::cache::key{"quick", things}.with({.timeout = 300ms});
constexpr auto single = larder::cache::key{"single", things}.with({.loads_at_once = 1});
constexpr auto lasting = larder::cache::key{"lasting", things}.with(
    {.ttl = 60s, .stale_while_revalidate = 30s, .stale_if_error = 600s});
constexpr auto kept =
    larder::cache::key{"kept", things}.with({.ttl = 60s, .stale_if_error = 600s, .timeout = 300ms});

constexpr auto brief = larder::cache::key{"brief", things}.with({.largest_value = 80});

awaitable<std::optional<thing>> read_thing(services& at, which_thing which) {
    auto found = co_await at.db.maybe<thing>(find, which.id);
    co_return found;
}

awaitable<thing> put_thing(services& at, new_thing one) {
    auto stored = co_await at.db.one<thing>(put, one.id, one.name);
    co_return stored;
}

awaitable<std::optional<thing>> read_kept(services& at, which_thing which) {
    auto found = co_await at.db.maybe<thing>(find, which.id);
    if (found && found->name == "gone") throw larder::http::error(410, "It is gone");
    if (found && found->name == "broken") throw larder::http::error(502, "It is broken");
    co_return found;
}

void add_routes(larder::app& at) {
    using larder::cached;
    at.get("/quick/{id}", read_thing | cached(quick(&which_thing::id)));
    at.get("/single/{id}", read_thing | cached(single(&which_thing::id)));
    at.get("/lasting/{id}", read_thing | cached(lasting(&which_thing::id)));
    at.get("/kept/{id}", read_kept | cached(kept(&which_thing::id)));
    at.get("/brief/{id}", read_thing | cached(brief(&which_thing::id)));
    at.put("/things/{id}",
           put_thing | larder::invalidates(quick(&new_thing::id), single(&new_thing::id),
                                           lasting(&new_thing::id), kept(&new_thing::id),
                                           brief(&new_thing::id)));
}

}  // namespace policies

int main(int argc, char** argv) {
    return larder::program::run({.name = "policies", .add_routes = policies::add_routes}, argc,
                                argv);
}
