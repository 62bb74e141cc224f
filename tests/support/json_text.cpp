#include "support/json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace larder::test {

namespace {

/// Reads compact JSON from the front, and throws at the first byte that is not.
class reader {
public:
    explicit reader(std::string_view text) : all_{text}, rest_{text} {}

    bool accept(std::string_view expected) {
        if (!rest_.starts_with(expected)) return false;
        rest_.remove_prefix(expected.size());
        return true;
    }

    void expect(std::string_view expected) {
        if (!accept(expected)) fail("expected " + std::string{expected});
    }

    void expect_end() const {
        if (!rest_.empty()) fail("expected the end");
    }

    /// The text of the value it skipped.
    std::string_view value() {
        const auto before = rest_;
        skip_value();
        return before.substr(0, before.size() - rest_.size());
    }

    std::string string() {
        std::string decoded;
        expect("\"");
        while (!accept("\"")) {
            const auto c = next();
            if (static_cast<unsigned char>(c) < 0x20) fail("a control character");
            if (static_cast<unsigned char>(c) >= 0x80) {
                append_character(static_cast<unsigned char>(c), decoded);
            } else if (c == '\\') {
                append_escaped(decoded);
            } else {
                decoded += c;
            }
        }
        return decoded;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error{what + " at byte " + std::to_string(all_.size() - rest_.size()) +
                                 " of: " + std::string{all_}};
    }

    char next() {
        if (rest_.empty()) fail("unexpected end");
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    /// A character of several bytes, which have to be UTF-8's.
    void append_character(unsigned char lead, std::string& to) {
        const int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4) fail("no UTF-8");
        to += static_cast<char>(lead);
        for (int i = 0; i < more; ++i) {
            const char c = next();
            if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) fail("no UTF-8");
            to += c;
        }
    }

    void append_escaped(std::string& to) {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
        const char c = next();
        if (const auto at = letters.find(c); at != std::string_view::npos) {
            to += meant[at];
            return;
        }
        if (c != 'u') fail("an unknown escape");
        std::uint32_t code = 0;
        for (int i = 0; i < 4; ++i) {
            constexpr std::string_view digits = "0123456789abcdefABCDEF";
            const auto digit = digits.find(next());
            if (digit == std::string_view::npos) fail("no hexadecimal digit");
            code = code * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
        }
        append_utf8(code, to);
    }

    void append_utf8(std::uint32_t code, std::string& to) const {
        if (code >= 0xd800 && code < 0xe000) fail("half a character");
        if (code < 0x80) {
            to += static_cast<char>(code);
        } else if (code < 0x800) {
            to += static_cast<char>(0xc0 | (code >> 6));
            to += static_cast<char>(0x80 | (code & 0x3f));
        } else {
            to += static_cast<char>(0xe0 | (code >> 12));
            to += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
            to += static_cast<char>(0x80 | (code & 0x3f));
        }
    }

    void skip_value() {
        if (rest_.starts_with('"')) {
            string();
        } else if (accept("[")) {
            skip_items("]", [this] { skip_value(); });
        } else if (accept("{")) {
            skip_items("}", [this] {
                string();
                expect(":");
                skip_value();
            });
        } else if (!accept("true") && !accept("false") && !accept("null")) {
            skip_number();
        }
    }

    template <class Item>
    void skip_items(std::string_view end, Item&& item) {
        if (accept(end)) return;
        do item();
        while (accept(","));
        expect(end);
    }

    void skip_number() {
        accept("-");
        if (!accept("0")) skip_digits();
        if (accept(".")) skip_digits();
        if (accept("e") || accept("E")) {
            if (!accept("+")) accept("-");
            skip_digits();
        }
    }

    void skip_digits() {
        const auto digits = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        if (digits == 0) fail("expected a value");
        rest_.remove_prefix(digits);
    }

    std::string_view all_;
    std::string_view rest_;
};

}  // namespace

std::vector<fault> faults_of(std::string_view body) {
    std::vector<fault> faults;
    reader json{body};
    json.expect(R"({"detail":[)");
    do {
        auto& found = faults.emplace_back();
        json.expect(R"({"type":)");
        found.type = json.string();
        json.expect(R"(,"loc":)");
        found.loc = json.value();
        json.expect(R"(,"msg":)");
        found.msg = json.string();
        if (json.accept(R"(,"input":)")) found.input = json.value();
        json.expect("}");
    } while (json.accept(","));
    json.expect("]}");
    json.expect_end();
    return faults;
}

std::string detail_of(std::string_view body) {
    reader json{body};
    json.expect(R"({"detail":)");
    auto sentence = json.string();
    json.expect("}");
    json.expect_end();
    return sentence;
}

void expect_compact_json(std::string_view text) {
    reader json{text};
    json.value();
    json.expect_end();
}

}  // namespace larder::test
