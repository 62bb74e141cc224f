// Money that adds up: amounts are read from text, kept as whole cents, and rounded as PostgreSQL
// rounds them. No binary floating point is involved, where 0.1 + 0.2 is 0.30000000000000004.
#include <iostream>
#include <string_view>

#include "larder/decimal.hpp"

namespace {

// At most 12 digits, two of them behind the point. A column of this type is numeric(12,2) in SQL.
using money = larder::decimal<12, 2>;

// Reading tells a text that is no number from a number that does not fit, because a person who
// typed it wants to know which of the two it was.
void show(std::string_view text) {
    money amount;
    switch (money::parse(text, amount)) {
        case larder::number_error::none: std::cout << text << " is " << amount.text(); break;
        case larder::number_error::syntax: std::cout << text << " is no number"; break;
        case larder::number_error::out_of_range:
            std::cout << text << " is more than " << money::max().text();
            break;
    }
    std::cout << '\n';
}

// A sum may be too large for its type. Then it is empty, never wrapped around and never rounded.
void show_sum(money a, money b) {
    std::cout << a.text() << " + " << b.text();
    if (const auto sum = checked_add(a, b)) std::cout << " = " << sum->text() << '\n';
    else std::cout << " is more than " << money::max().text() << '\n';
}

}  // namespace

int main() {
    show_sum(*money::from_unscaled(10), *money::from_unscaled(20));  // unscaled: in cents

    show("2.3e1");           // as it may stand in JSON
    show("1.005");           // half a cent goes up; the nearest double lies below and would go down
    show("-0.005");          // and away from zero on the other side
    show("9999999999.994");  // the range is that of the rounded number
    show("9999999999.995");
    show("1,50");

    show_sum(money::max(), *money::from_unscaled(1));
}
