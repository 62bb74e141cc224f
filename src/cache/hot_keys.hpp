// Which keys are read most, as an estimate. Private to larder.
#pragma once

#include <chrono>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "larder/cache/key_reads.hpp"

namespace LARDER_NAMESPACE::cache {

/// About one in 32 reads is looked at, at random. Of those, 128 keys are counted; a key that
/// is none of them takes the place of one that was read little. What was inherited with that place
/// is not told, so a key was read at least as often as it is said.
///
/// Threads  one worker's.
/// Cost     of a read 2 instructions, and some hundred of one in 32. At most 64 KiB.
/// Source   Space-Saving: Metwally et al., ICDT 2005. Forward decay: Cormode et al., ICDE 2009.
class hot_keys {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr unsigned reads_a_sample = 32;
    static constexpr std::size_t most_keys = 128, longest_key = 256;

    /// One that is off counts nothing.
    explicit hot_keys(bool is_on) : left_(is_on ? 1 : 0) { kept_.reserve(is_on ? most_keys : 0); }

    void read(std::string_view key) {
        if (left_ == 0) return;
        --left_;
        if (left_ == 0) sample(key, std::chrono::steady_clock::now());
    }
    /// That read is looked at.
    void sample(std::string_view key, time_point now);
    /// As of now, of `most` keys.
    key_reads hottest(std::size_t most, time_point now) const;

private:
    struct counted {
        std::string key;
        double weight = 0;
        double inherited = 0;  // of it
    };

    double weight_at(time_point now) const;
    counted& place_of(std::string_view key);
    counted& one_that_is_read_little();
    void begin_anew(time_point now);

    unsigned left_;  // reads until one is looked at; 0: never
    std::minstd_rand chance_;
    time_point begun_{};  // when a read had the weight 1; later ones have more
    double all_ = 0;
    std::vector<counted> kept_;
    std::unordered_map<std::string_view, counted*> places_;
};

}  // namespace LARDER_NAMESPACE::cache
