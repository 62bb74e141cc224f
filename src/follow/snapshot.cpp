#include "snapshot.hpp"

#include <algorithm>
#include <charconv>

namespace LARDER_NAMESPACE::follow {

namespace {

bool take_number(std::string_view& text, std::uint64_t& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (ec != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
}

bool take(std::string_view& text, char mark) {
    if (!text.starts_with(mark)) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

std::optional<snapshot> snapshot::parse(std::string_view text) {
    snapshot all;
    if (!take_number(text, all.xmin) || !take(text, ':') || !take_number(text, all.xmax) ||
        !take(text, ':'))
        return std::nullopt;
    while (!text.empty()) {
        if (!all.running.empty() && !take(text, ',')) return std::nullopt;
        if (!take_number(text, all.running.emplace_back())) return std::nullopt;
    }
    if (all.xmin > all.xmax || !std::ranges::is_sorted(all.running)) return std::nullopt;
    return all;
}

bool snapshot::sees(std::uint64_t transaction) const {
    if (transaction >= xmax) return false;
    return transaction < xmin || !std::ranges::binary_search(running, transaction);
}

std::uint64_t snapshot::widen(std::uint32_t transaction) const {
    const auto distance = static_cast<std::int32_t>(transaction - static_cast<std::uint32_t>(xmax));
    return xmax + static_cast<std::uint64_t>(std::int64_t{distance});
}

}  // namespace LARDER_NAMESPACE::follow
