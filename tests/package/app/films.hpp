// A whole service, as somebody writes it who has larder from a package.
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "larder/app.hpp"

namespace films {

struct which_film {
    std::int32_t id = 0;
};
BOOST_DESCRIBE_STRUCT(which_film, (), (id))

struct film {
    std::string title;
    larder::decimal<8, 2> price;
};
BOOST_DESCRIBE_STRUCT(film, (), (title, price))

struct new_price {
    std::int32_t id = 0;
    larder::decimal<8, 2> price;
};
BOOST_DESCRIBE_STRUCT(new_price, (), (id, price))

constexpr larder::cache::key one_film{"film", larder::cache::depends_on{"films", "id"}};
constexpr larder::pg::statement find{"SELECT title, price FROM films WHERE id = $1", true};
constexpr larder::pg::statement set{
    "UPDATE films SET price = $2 WHERE id = $1 RETURNING title, price"};

inline larder::awaitable<std::optional<film>> get_film(larder::services& at, which_film f) {
    return at.db.maybe<film>(find, f.id);
}

inline larder::awaitable<std::optional<film>> patch_price(larder::services& at, new_price p) {
    return at.db.maybe<film>(set, p.id, p.price);
}

inline void add_routes(larder::app& at) {
    at.get("/films/{id}", get_film | larder::cached(one_film(&which_film::id)));
    at.patch("/films/{id}", patch_price | larder::invalidates(one_film(&new_price::id)));
}

}  // namespace films
