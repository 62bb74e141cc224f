#include "hot_keys.hpp"

#include <algorithm>
#include <cmath>

namespace LARDER_NAMESPACE::cache {

namespace {

constexpr std::chrono::duration<double> half_life{30};
constexpr double largest_weight = 1e9;  // before all are made smaller

}  // namespace

double hot_keys::weight_at(time_point now) const { return std::exp2((now - begun_) / half_life); }

// A regular choice would always meet the same one of 32 keys that are read in turn.
void hot_keys::sample(std::string_view key, time_point now) {
    left_ = 1 + static_cast<unsigned>(chance_()) % (2 * reads_a_sample - 1);
    if (all_ == 0 || weight_at(now) > largest_weight) begin_anew(now);
    const auto weight = weight_at(now);
    place_of(key.substr(0, longest_key)).weight += weight;
    all_ += weight;
}

// The least read of some, as to look at all of them would take longer than all the rest.
hot_keys::counted& hot_keys::one_that_is_read_little() {
    constexpr int looked_at = 8;
    auto* least = &kept_[chance_() % kept_.size()];
    for (int i = 1; i < looked_at; ++i) {
        auto& one = kept_[chance_() % kept_.size()];
        if (one.weight < least->weight) least = &one;
    }
    return *least;
}

hot_keys::counted& hot_keys::place_of(std::string_view key) {
    if (const auto found = places_.find(key); found != places_.end()) return *found->second;
    counted* at = nullptr;
    if (kept_.size() < most_keys) {
        at = &kept_.emplace_back();
    } else {
        at = &one_that_is_read_little();
        places_.erase(at->key);
        at->inherited = at->weight;
    }
    at->key = key;
    places_.emplace(at->key, at);
    return *at;
}

// Numbers would become too large for what is added to them.
void hot_keys::begin_anew(time_point now) {
    const auto weight = all_ == 0 ? 1 : weight_at(now);
    for (auto& one : kept_) {
        one.weight /= weight;
        one.inherited /= weight;
    }
    all_ /= weight;
    begun_ = now;
}

key_reads hot_keys::hottest(std::size_t most, time_point now) const {
    const auto reads = reads_a_sample / weight_at(now);
    key_reads said;
    if (all_ == 0) return said;
    said.all = all_ * reads;
    for (const auto& one : kept_)
        said.most.push_back({one.key, (one.weight - one.inherited) * reads});
    const auto last = std::min(most, said.most.size());
    std::ranges::partial_sort(said.most, said.most.begin() + static_cast<std::ptrdiff_t>(last),
                              std::ranges::greater{}, &key_reads::of_key::reads);
    said.most.resize(last);
    return said;
}

}  // namespace LARDER_NAMESPACE::cache
