#include "known_requests.hpp"

#include <utility>

namespace LARDER_NAMESPACE::http {

namespace {

constexpr std::size_t overhead = 256;      // of a table's node, malloc's own
constexpr std::size_t largest_share = 16;  // of all bytes, that one may take
constexpr std::size_t place_of(request_origin from) { return static_cast<std::size_t>(from); }

}  // namespace

const known_answer* known_requests::find(request_origin from, std::string_view head) const {
    const auto& all = tables_.at(place_of(from));
    const auto found = all.find(head);
    return found == all.end() ? nullptr : &found->second;
}

bool known_requests::has_come(request_origin from, std::string_view head) {
    const auto number = hash{}(head) + place_of(from);
    return std::exchange(seen_.at(number % seen_.size()), number) == number;
}

void known_requests::keep(request_origin from, std::string_view head, known_answer answer) {
    const auto size = overhead + head.size() + answer.bytes();
    if (size > max_bytes_ / largest_share) return;
    auto& all = tables_.at(place_of(from));
    if (const auto found = all.find(head); found != all.end()) {
        bytes_ -= overhead + head.size() + found->second.bytes();
        found->second = std::move(answer);
        bytes_ += size;
        return;
    }
    if (bytes_ + size > max_bytes_) {
        for (auto& one : tables_) one.clear();
        bytes_ = 0;
    }
    all.emplace(head, std::move(answer));
    bytes_ += size;
}

std::size_t known_requests::size() const {
    std::size_t all = 0;
    for (const auto& one : tables_) all += one.size();
    return all;
}

}  // namespace LARDER_NAMESPACE::http
