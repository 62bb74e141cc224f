// Messages of PostgreSQL's log, as a server writes them, for tests.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::follow::log_text {

inline std::string number(std::uint64_t value, int bytes) {
    std::string all;
    for (int i = bytes - 1; i >= 0; --i) all += static_cast<char>(value >> (8 * i));
    return all;
}
inline std::string begin(std::uint32_t transaction) {
    return 'B' + number(0x1000, 8) + number(1, 8) + number(transaction, 4);
}
inline std::string commit(std::uint64_t end = 0x2000) {
    return 'C' + number(0, 1) + number(0x1000, 8) + number(end, 8) + number(1, 8);
}

struct column {
    std::string name;
    std::uint32_t type = 23;
    bool is_key = false;
};
inline std::string relation(std::uint32_t id, char identity, const std::vector<column>& columns) {
    auto all = 'R' + number(id, 4) + std::string("public\0orders\0", 14) + identity +
               number(columns.size(), 2);
    for (const auto& one : columns)
        all += number(one.is_key ? 1 : 0, 1) + one.name + '\0' + number(one.type, 4) +
               number(0xFFFFFFFF, 4);
    return all;
}

/// Null where there is nothing, unchanged where it is `unchanged`.
using values = std::vector<std::optional<std::string>>;
inline const std::string unchanged = "(unchanged)";

inline std::string row(const values& of) {
    auto all = number(of.size(), 2);
    for (const auto& one : of)
        all += !one ? "n" : *one == unchanged ? "u" : 't' + number(one->size(), 4) + *one;
    return all;
}
inline std::string inserted(std::uint32_t id, const values& after) {
    return 'I' + number(id, 4) + 'N' + row(after);
}
/// `known` is K, O or nothing.
inline std::string updated(std::uint32_t id, std::string_view known, const values& before,
                           const values& after) {
    auto all = 'U' + number(id, 4) + std::string{known};
    if (!known.empty()) all += row(before);
    return all + 'N' + row(after);
}
inline std::string deleted(std::uint32_t id, std::string_view known, const values& before) {
    return 'D' + number(id, 4) + std::string{known} + row(before);
}
inline std::string truncated(const std::vector<std::uint32_t>& ids) {
    auto all = 'T' + number(ids.size(), 4) + number(0, 1);
    for (const auto id : ids) all += number(id, 4);
    return all;
}

}  // namespace LARDER_NAMESPACE::follow::log_text
