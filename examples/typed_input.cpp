// Typed input: a struct is described once, and read from a query string or from a JSON body. What
// is wrong with an input is told all at once, in the order of the members, ready to be sent as the
// body of a 422.
#include <boost/describe/class.hpp>

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

#include "larder/decimal.hpp"
#include "larder/http/input.hpp"

namespace {

struct booking {
    std::string guest;
    std::uint8_t nights{};             // the type is the range: 0 to 255
    std::optional<std::int32_t> room;  // may be left out
    larder::decimal<8, 2> price;       // exact
};
BOOST_DESCRIBE_STRUCT(booking, (), (guest, nights, room, price))

// Reads a booking the way that `read` does and shows it, or else what is wrong.
template <class Read>
void show(Read read, std::string_view text) {
    booking b;
    larder::http::faults wrong;
    read(text, b, wrong);
    if (!wrong.empty()) {
        std::cout << larder::http::faults_json(wrong) << '\n';
        return;
    }
    const auto room = b.room ? "room " + std::to_string(*b.room) : "any room";
    std::cout << b.guest << ", " << int{b.nights} << " nights in " << room << " for "
              << b.price.text() << '\n';
}

}  // namespace

int main() {
    const auto query = larder::http::read_query<booking>;
    const auto body = larder::http::read_body<booking>;
    show(query, "guest=Ada+Lovelace&nights=3&price=270");
    show(body, R"({"guest":"Grace","nights":"2","room":7,"price":199.90})");

    // One member is missing here, and two are wrong. A good room is not mentioned.
    show(query, "nights=300&room=7&price=a+lot");
    // A body that is no JSON has one fault, which says behind how many characters.
    show(body, R"({"guest":})");
}
