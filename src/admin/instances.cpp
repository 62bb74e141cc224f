#include "instances.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <variant>

#include "larder/json.hpp"

namespace LARDER_NAMESPACE::admin {

namespace {

constexpr std::size_t columns = 9;
using cells = std::array<std::string, columns>;

std::string share(std::int64_t part, std::int64_t all) {
    return all == 0 ? "-" : std::to_string((part * 100 + all / 2) / all) + " %";
}

std::string a_second(std::int64_t number, std::int64_t window_ms) {
    if (window_ms <= 0) return "-";
    return std::to_string((number * 1000 + window_ms / 2) / window_ms);
}

std::string in_words(std::int64_t seconds) {
    constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
    if (seconds < 2 * minute) return std::to_string(seconds) + " s";
    if (seconds < 2 * hour) return std::to_string(seconds / minute) + " min";
    if (seconds < 2 * day) return std::to_string(seconds / hour) + " h";
    return std::to_string(seconds / day) + " days";
}

cells cells_of(const instance_status& of) {
    const auto reads = of.local_hits + of.shared_hits + of.misses;
    const auto follows = !of.follows_here
                             ? std::string{of.is_followed ? "another" : "nobody"}
                             : "here, " + std::to_string(of.late_ms.value_or(0)) + " ms late";
    return {of.instance,
            of.version,
            in_words(of.uptime_s),
            of.address,
            of.is_ready ? "ready" : "not ready",
            share(of.local_hits, reads) + " / " + share(of.shared_hits, reads),
            a_second(reads, of.window_ms) + " / " +
                (of.requests ? a_second(*of.requests, of.window_ms) : "-"),
            follows,
            of.trusted_workers == of.workers ? "yes"
                                             : std::to_string(of.trusted_workers) + " of " +
                                                   std::to_string(of.workers) + " workers"};
}

// Of a letter that takes several bytes one is counted.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](unsigned char c) { return (c & 0xc0U) != 0x80U; }));
}

// An instance may be somebody else's, and a terminal obeys what is not printable.
std::string printable_line(std::string text) {
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c == 127; }, '?');
    return text;
}

}  // namespace

std::optional<instance_status> read_instance(std::string_view text) {
    const auto parsed = json::parse(text);
    const auto* root = std::get_if<json::node>(&parsed);
    instance_status all;
    if (!root || !json::read(*root, all)) return std::nullopt;
    return all;
}

std::string text_of(const instances_report& of) {
    if (of.instances.empty()) return "No instance has said that it runs\n";
    std::vector<cells> rows{{"instance", "version", "up", "address", "state", "hits local / shared",
                             "reads / requests a second", "follows", "trusts Valkey"}};
    for (const auto& one : of.instances) rows.push_back(cells_of(one));
    std::array<std::size_t, columns> widths{};
    for (const auto& row : rows)
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < columns; ++i) {
            line += printable_line(row[i]);
            if (i + 1 < columns) line += std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
        text += line + '\n';
    }
    for (const auto& one : of.instances)
        for (const auto& why : one.reasons)
            text += printable_line(one.instance + " is not ready: " + why) + '\n';
    return text;
}

totals totals_of(const std::vector<worker_figures>& workers,
                 std::chrono::steady_clock::time_point at) {
    totals all{.at = at};
    for (const auto& one : workers) {
        const auto& missed = one.cache.misses;
        all.local_hits += one.cache.local_hits;
        all.shared_hits += one.cache.shared_hits;
        all.misses += missed.absent + missed.requested + missed.write_in_progress +
                      missed.valkey_unavailable + missed.unreleased_write;
        for (const auto& counted : one.requests.counts) all.requests += counted.requests;
    }
    return all;
}

void recent_totals::add(const totals& now) {
    constexpr std::size_t most = 6;
    all_.push_back(now);
    if (all_.size() > most) all_.pop_front();
}

totals recent_totals::growth() const {
    if (all_.empty()) return {};
    auto grown = all_.back();
    const auto& since = all_.front();
    grown.local_hits -= since.local_hits;
    grown.shared_hits -= since.shared_hits;
    grown.misses -= since.misses;
    grown.requests -= since.requests;
    return grown;
}

std::chrono::milliseconds recent_totals::window() const {
    if (all_.empty()) return std::chrono::milliseconds{0};
    return std::chrono::duration_cast<std::chrono::milliseconds>(all_.back().at - all_.front().at);
}

}  // namespace LARDER_NAMESPACE::admin
