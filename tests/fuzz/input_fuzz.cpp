// Queries, JSON and amounts: what was read and is written anew reads the same.

#include <boost/describe/class.hpp>

#include <cstdio>
#include <optional>
#include <string>

#include "check.hpp"
#include "larder/decimal.hpp"
#include "larder/http/input.hpp"
#include "larder/json.hpp"

namespace larder::fuzz {
namespace {

using money = decimal<12, 2>;

struct everything {
    std::optional<std::int64_t> integer;
    std::optional<std::uint8_t> octet;
    std::optional<bool> truth;
    std::optional<std::string> text;
    std::optional<money> amount;
};
BOOST_DESCRIBE_STRUCT(everything, (), (integer, octet, truth, text, amount))

bool same(const json::node& a, const json::node& b) {
    return a.kind == b.kind && a.boolean == b.boolean && a.text == b.text &&
           std::equal(a.elements.begin(), a.elements.end(), b.elements.begin(), b.elements.end(),
                      same) &&
           std::equal(a.members.begin(), a.members.end(), b.members.begin(), b.members.end(),
                      [](const json::member& x, const json::member& y) {
                          return x.name == y.name && same(x.value, y.value);
                      });
}

void write(std::string& out, const json::node& node) {
    char separator = node.kind == json::kind::array ? '[' : '{';
    switch (node.kind) {
        case json::kind::null: out += "null"; return;
        case json::kind::boolean: out += node.boolean ? "true" : "false"; return;
        case json::kind::number: out += node.text; return;
        case json::kind::string: json::append_string(out, node.text); return;
        case json::kind::array:
            for (const auto& element : node.elements) {
                out += std::exchange(separator, ',');
                write(out, element);
            }
            out += separator == '[' ? "[]" : "]";
            return;
        case json::kind::object:
            for (const auto& member : node.members) {
                out += std::exchange(separator, ',');
                json::append_string(out, member.name);
                out += ':';
                write(out, member.value);
            }
            out += separator == '{' ? "{}" : "}";
    }
}

void check_json(std::string_view text) {
    const auto parsed = json::parse(text);
    if (const auto* error = std::get_if<json::syntax_error>(&parsed)) {
        check(error->position <= text.size(), "a fault is inside the text");
        return;
    }
    const auto& tree = std::get<json::node>(parsed);
    std::string written;
    write(written, tree);
    const auto again = json::parse(written);
    const auto* same_tree = std::get_if<json::node>(&again);
    check(same_tree && same(*same_tree, tree), "JSON written anew is the same");
}

template <class Read>
void check_typed(Read read) {
    everything in;
    http::faults wrong;
    read(in, wrong);
    const auto faults = json::parse(http::faults_json(wrong));
    check(std::holds_alternative<json::node>(faults), "an answer is JSON");
    if (!wrong.empty()) return;
    const auto written = json::text(in);
    everything again;
    http::read_body(written, again, wrong);
    check(wrong.empty() && json::text(again) == written, "what is right is right again");
}

void check_query(std::string_view query) {
    const auto members = http::parse_query(query);
    std::string written;
    const auto encode = [&](std::string_view text) {
        char byte[4];
        for (const char c : text) {
            std::snprintf(byte, sizeof byte, "%%%02x", static_cast<unsigned char>(c));
            written += byte;
        }
    };
    for (const auto& [name, value] : members) {
        encode(name);
        written += '=';
        encode(value);
        written += '&';
    }
    check(http::parse_query(written) == members, "a query written anew is the same");
}

void check_amount(std::string_view text) {
    money amount, again;
    if (money::parse(text, amount) != number_error::none) return;
    check(money::parse(amount.text(), again) == number_error::none && again == amount,
          "an amount written anew is the same");
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder;
    using namespace larder::fuzz;
    const auto text = text_of(data, size);
    check_json(text);
    check_typed([&](auto& in, auto& wrong) { http::read_body(text, in, wrong); });
    check_typed([&](auto& in, auto& wrong) { http::read_query(text, in, wrong); });
    check_query(text);
    check_amount(text);
    return 0;
}
