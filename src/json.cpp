#include "larder/json.hpp"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>

namespace larder::json {

namespace {

// Builds the tree from the parser's events. Numbers are kept as text: `number_precision::none`
// makes the parser check their grammar and compute nothing.
class tree_handler {
public:
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using error_code = boost::system::error_code;
    using string_view = boost::json::string_view;

    explicit tree_handler(std::size_t most_values) : left_(most_values) {}
    node take() { return std::move(root_); }
    bool has_too_many() const { return has_too_many_; }

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& ec) { return open(kind::object, ec); }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code& ec) { return open(kind::array, ec); }
    bool on_array_end(std::size_t, error_code&) { return close(); }
    bool on_key_part(string_view part, std::size_t, error_code&) { return keep(part); }
    bool on_key(string_view part, std::size_t, error_code&) {
        keep(part);
        key_ = std::exchange(text_, {});
        return true;
    }
    bool on_string_part(string_view part, std::size_t, error_code&) { return keep(part); }
    bool on_string(string_view part, std::size_t, error_code& ec) {
        keep(part);
        return scalar(kind::string, ec) != nullptr;
    }
    bool on_number_part(string_view part, error_code&) { return keep(part); }
    bool on_int64(std::int64_t, string_view part, error_code& ec) { return number(part, ec); }
    bool on_uint64(std::uint64_t, string_view part, error_code& ec) { return number(part, ec); }
    bool on_double(double, string_view part, error_code& ec) { return number(part, ec); }
    bool on_bool(bool value, error_code& ec) {
        auto* made = scalar(kind::boolean, ec);
        if (made) made->boolean = value;
        return made != nullptr;
    }
    bool on_null(error_code& ec) { return scalar(kind::null, ec) != nullptr; }
    bool on_comment_part(string_view, error_code&) { return true; }
    bool on_comment(string_view, error_code&) { return true; }

private:
    bool keep(string_view part) {
        text_.append(part.data(), part.size());
        return true;
    }
    bool number(string_view part, error_code& ec) {
        keep(part);
        return scalar(kind::number, ec) != nullptr;
    }
    // The new value, in its place: the root, an element or a member. Null: there are too many.
    node* place(kind k, error_code& ec) {
        if (left_ == 0) {
            has_too_many_ = true;
            ec = boost::json::error::array_too_large;
            return nullptr;
        }
        --left_;
        node& made = find_place();
        made.kind = k;
        return &made;
    }
    node& find_place() {
        if (open_.empty()) return root_;
        node& parent = *open_.back();
        if (parent.kind == kind::array) return parent.elements.emplace_back();
        return parent.members.emplace_back(member{std::move(key_), {}}).value;
    }
    node* scalar(kind k, error_code& ec) {
        node* made = place(k, ec);
        if (made) made->text = std::exchange(text_, {});
        return made;
    }
    // Pointers stay good: a container grows only while none of its children is open.
    bool open(kind k, error_code& ec) {
        node* made = place(k, ec);
        if (made) open_.push_back(made);
        return made != nullptr;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    node root_;
    std::vector<node*> open_;
    std::string key_, text_;
    std::size_t left_;  // values that there may still be
    bool has_too_many_ = false;
};

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

// The bytes of the character that `text` starts with; 0 if it is not valid UTF-8 (Unicode, table
// 3-7: no overlong forms, no surrogates, nothing beyond U+10FFFF).
std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

const node* node::find(std::string_view name) const {
    const auto found = std::find_if(members.rbegin(), members.rend(),
                                    [&](const member& m) { return m.name == name; });
    return found == members.rend() ? nullptr : &found->value;
}

std::variant<node, syntax_error> parse(std::string_view text, std::size_t most_values) {
    boost::json::parse_options options;
    options.numbers = boost::json::number_precision::none;
    boost::json::basic_parser<tree_handler> parser{options, most_values};
    boost::system::error_code ec;
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = boost::json::error::extra_data;
    if (ec)
        return syntax_error{code_points(text.substr(0, used)), ec.message(),
                            parser.handler().has_too_many()};
    return parser.handler().take();
}

std::string with_valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto size = character_size(text);
        if (size > 0) out += text.substr(0, size);
        else out += "\xEF\xBF\xBD";
        text.remove_prefix(std::max<std::size_t>(size, 1));
    }
    return out;
}

bool is_text(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto size = character_size(bytes);
        if (size == 0 || bytes.front() == '\0') return false;
        bytes.remove_prefix(size);
    }
    return true;
}

void append_string(std::string& out, std::string_view text) {
    const std::string valid = with_valid_utf8(text);
    out += boost::json::serialize(boost::json::string_view{valid.data(), valid.size()});
}

}  // namespace larder::json
