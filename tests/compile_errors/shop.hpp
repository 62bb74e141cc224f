// What the sources beside this one use, each of which makes one mistake. It stands before them.
#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "larder/app.hpp"

namespace shop {

using larder::awaitable, larder::services;
using larder::before, larder::cached, larder::invalidates;

struct which {
    std::int32_t id = 0;
    std::int32_t secret = 0;
};
BOOST_DESCRIBE_STRUCT(which, (), (id))

struct thing {
    std::int32_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(thing, (), (id, name))

struct undescribed {
    std::int32_t id = 0;
};

struct caller {
    std::string person;
};
BOOST_DESCRIBE_STRUCT(caller, (), (person))

struct own {
    std::int32_t id = 0;
    larder::from_caller<std::string> person;
};
BOOST_DESCRIBE_STRUCT(own, (), (id, person))

struct translated {
    std::int32_t id = 0;
    larder::from_header<std::string> x_language;
};
BOOST_DESCRIBE_STRUCT(translated, (), (id, x_language))

struct of_another {
    std::int32_t id = 0;
    larder::from_caller<std::int32_t> person;
};
BOOST_DESCRIBE_STRUCT(of_another, (), (id, person))

inline constexpr larder::cache::key things{"things", larder::cache::depends_on{"things", "id"}};
inline constexpr auto own_things =
    larder::cache::key{"own_things", larder::cache::depends_on{"things", "id"}}.with_parameters(2);

awaitable<std::optional<thing>> read(services&, which);
awaitable<thing> write(services&, thing);
awaitable<thing> read_own(services&, own);
awaitable<thing> read_translated(services&, translated);
awaitable<std::optional<caller>> find_caller(services&, std::string token);

constexpr auto signed_in = larder::bearer_token(find_caller);

}  // namespace shop
