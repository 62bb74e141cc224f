#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace orders::sample {

/// Appends one row in the text format of COPY.
///
/// Nothing is escaped: no text of the sample holds a tab, a newline or a backslash.
class row_text {
public:
    explicit row_text(std::string& out) noexcept : out_{out} {}

    row_text& number(std::int64_t value) {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        return text({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }

    row_text& text(std::string_view value) {
        out_.append(value).push_back('\t');
        return *this;
    }

    row_text& null() { return text("\\N"); }

    /// A numeric(12,2) that is not negative.
    row_text& cents(std::int64_t value) {
        number(value / 100);
        out_.back() = '.';
        return two_digits(value % 100);
    }

    /// A day of 2004, the year of the original's orders.
    row_text& date(std::int32_t month, std::int32_t day) {
        out_.append("2004-");
        two_digits(month).out_.back() = '-';
        return two_digits(day);
    }

    void end() { out_.back() = '\n'; }

private:
    row_text& two_digits(std::int64_t value) {
        out_.push_back(static_cast<char>('0' + value / 10));
        out_.push_back(static_cast<char>('0' + value % 10));
        out_.push_back('\t');
        return *this;
    }

    std::string& out_;
};

}  // namespace orders::sample
