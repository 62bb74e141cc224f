#include "larder/cache/value.hpp"

#include <utility>
#include <variant>

namespace LARDER_NAMESPACE::cache::detail {

namespace {

std::string in_hexadecimal(std::uint64_t number) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out(shape_digits, '0');
    for (auto at = out.rbegin(); at != out.rend(); ++at, number >>= 4U) *at = digits[number & 15U];
    return out;
}

std::string opening(std::uint64_t shape) {
    return std::string{opening_begins}.append(in_hexadecimal(shape)).append(opening_ends);
}

}  // namespace

std::string enclosed(std::uint64_t shape, std::string_view json) {
    return opening(shape).append(json) + '}';
}

bool read_enclosed(std::string_view text, std::uint64_t shape, json::node& value) {
    const auto before = opening(shape);
    if (!text.starts_with(before) || !text.ends_with('}')) return false;
    auto parsed = json::parse(text.substr(before.size(), text.size() - before.size() - 1));
    auto* read = std::get_if<json::node>(&parsed);
    if (!read) return false;
    value = std::move(*read);
    return true;
}

}  // namespace LARDER_NAMESPACE::cache::detail
