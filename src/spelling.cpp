#include "larder/spelling.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace LARDER_NAMESPACE {

namespace {

using namespace std::chrono_literals;
namespace chrono = std::chrono;

void append_padded(std::string& out, std::int64_t number, std::size_t width) {
    const auto digits = std::to_string(number);
    out.append(width - std::min(width, digits.size()), '0').append(digits);
}

// Takes characters from the front of a text, and knows whether all of them were there.
class taker {
public:
    explicit taker(std::string_view text) : text_(text) {}

    /// Exactly so many digits.
    int number(std::size_t digits) {
        const auto part = text_.substr(0, digits);
        const bool all_digits = part.find_first_not_of("0123456789") == part.npos;
        int value = 0;
        if (part.size() != digits || !all_digits) return fail();
        std::from_chars(part.data(), part.data() + part.size(), value);
        text_.remove_prefix(digits);
        return value;
    }
    bool take(char c) {
        if (!next_is(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!take(c)) fail();
    }
    bool next_is(char c) const { return text_.starts_with(c); }
    /// The digits that come now.
    std::string_view digits() {
        const auto part = text_.substr(0, text_.find_first_not_of("0123456789"));
        text_.remove_prefix(part.size());
        return part;
    }
    int fail() {
        failed_ = true;
        return 0;
    }
    bool has_failed() const { return failed_; }
    /// All was right, and nothing is left.
    bool is_done() const { return !failed_ && text_.empty(); }

private:
    std::string_view text_;
    bool failed_ = false;
};

std::optional<date> take_date(taker& from) {
    const int year = from.number(4);
    from.expect('-');
    const int month = from.number(2);
    from.expect('-');
    const int day = from.number(2);
    const date found{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                     chrono::day{static_cast<unsigned>(day)}};
    if (from.has_failed() || year < 1 || !found.ok()) return std::nullopt;
    return found;
}

chrono::microseconds take_fraction(taker& from) {
    if (!from.take('.')) return 0us;
    const auto digits = from.digits();
    if (digits.empty() || digits.size() > 6) return chrono::microseconds{from.fail()};
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    for (auto missing = digits.size(); missing < 6; ++missing) value *= 10;
    return chrono::microseconds{value};
}

chrono::microseconds take_time(taker& from) {
    const chrono::hours hours{from.number(2)};
    from.expect(':');
    const chrono::minutes minutes{from.number(2)};
    from.expect(':');
    const chrono::seconds seconds{from.number(2)};
    if (hours > 23h || minutes > 59min || seconds > 59s) from.fail();
    return hours + minutes + seconds + take_fraction(from);
}

// East of Greenwich is ahead. Before there were zones a place was ahead by seconds, too.
chrono::seconds take_offset(taker& from) {
    if (from.take('Z')) return 0s;
    const bool is_behind = from.next_is('-');
    if (!is_behind && !from.next_is('+')) return 0s;
    from.take(is_behind ? '-' : '+');
    const chrono::hours hours{from.number(2)};
    chrono::minutes minutes{0};
    chrono::seconds seconds{0};
    if (from.take(':')) {
        minutes = chrono::minutes{from.number(2)};
        if (from.take(':')) seconds = chrono::seconds{from.number(2)};
    }
    if (hours > 23h || minutes > 59min || seconds > 59s) from.fail();
    const auto all = hours + minutes + seconds;
    return is_behind ? -all : all;
}

}  // namespace

std::string spell(date value) {
    std::string out;
    append_padded(out, static_cast<int>(value.year()), 4);
    out += '-';
    append_padded(out, static_cast<unsigned>(value.month()), 2);
    out += '-';
    append_padded(out, static_cast<unsigned>(value.day()), 2);
    return out;
}

std::string spell(timestamp value) {
    const auto day = chrono::floor<chrono::days>(value);
    const chrono::hh_mm_ss time{value - day};
    auto out = spell(date{day}) + 'T';
    append_padded(out, time.hours().count(), 2);
    out += ':';
    append_padded(out, time.minutes().count(), 2);
    out += ':';
    append_padded(out, time.seconds().count(), 2);
    if (const auto fraction = time.subseconds().count(); fraction != 0) {
        out += '.';
        append_padded(out, fraction, 6);
        out.erase(out.find_last_not_of('0') + 1);
    }
    return out + 'Z';
}

std::string spell(const uuid& value) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < value.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        out += digits[value.bytes[i] >> 4U];
        out += digits[value.bytes[i] & 15U];
    }
    return out;
}

bool read_spelling(std::string_view text, date& out) {
    taker from{text};
    const auto found = take_date(from);
    if (!found || !from.is_done()) return false;
    out = *found;
    return true;
}

bool read_spelling(std::string_view text, timestamp& out) {
    taker from{text};
    const auto day = take_date(from);
    if (!from.take('T')) from.expect(' ');
    const auto time = take_time(from);
    const auto offset = take_offset(from);
    if (!day || !from.is_done()) return false;
    const auto found = chrono::sys_days{*day} + time - offset;
    const auto year = date{chrono::floor<chrono::days>(found)}.year();
    if (year < chrono::year{1} || year > chrono::year{9999}) return false;
    out = found;
    return true;
}

bool read_spelling(std::string_view text, uuid& out) {
    uuid found;
    if (text.size() != 36) return false;
    std::size_t at = 0;
    for (std::size_t i = 0; i < found.bytes.size(); ++i) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return false;
        const auto* first = text.data() + at;
        const auto [stop, ec] = std::from_chars(first, first + 2, found.bytes[i], 16);
        if (ec != std::errc{} || stop != first + 2) return false;
        at += 2;
    }
    out = found;
    return true;
}

}  // namespace LARDER_NAMESPACE
