// What a run has found so far.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "check/report.hpp"
#include "larder/check/client.hpp"
#include "larder/check/ledger.hpp"

namespace orders::check {

inline constexpr std::size_t most_sentences = 5;

/// The orders of a run, by their number.
class order_book {
public:
    using outcome = larder::check::outcome;

    std::int64_t add() {
        const std::lock_guard lock{mutex_};
        outcomes_.push_back(outcome::unknown);
        return static_cast<std::int64_t>(outcomes_.size());
    }
    void set(std::int64_t number, outcome was) {
        const std::lock_guard lock{mutex_};
        outcomes_[static_cast<std::size_t>(number - 1)] = was;
    }
    void compare(const std::map<std::int64_t, std::int64_t>& rows, report& into) const {
        const std::lock_guard lock{mutex_};
        std::int64_t number = 0;
        for (const auto was : outcomes_) {
            const auto found = rows.find(++number);
            const auto times = found == rows.end() ? 0 : found->second;
            into.writes += was == outcome::stored;
            into.unknown_writes += was == outcome::unknown;
            into.refused_writes += was == outcome::not_stored;
            into.lost_writes += was == outcome::stored && times == 0;
            into.denied_writes += was == outcome::not_stored && times > 0;
            into.doubled_writes += times > 1;
        }
    }

private:
    mutable std::mutex mutex_;
    std::vector<outcome> outcomes_;
};

/// What one thread found; added up at the end.
struct findings {
    std::int64_t reads = 0;
    std::int64_t stale = 0, too_stale = 0, overcounts = 0;
    larder::check::clock::duration worst{};
    error_counts errors;
    std::vector<std::string> sentences;

    void add(const findings& other) {
        reads += other.reads;
        stale += other.stale;
        too_stale += other.too_stale;
        overcounts += other.overcounts;
        worst = std::max(worst, other.worst);
        const auto& e = other.errors;
        errors.refused += e.refused;
        errors.lost += e.lost;
        errors.late += e.late;
        errors.garbled += e.garbled;
        errors.unavailable += e.unavailable;
        errors.other_status += e.other_status;
        for (const auto& one : other.sentences)
            if (sentences.size() < most_sentences) sentences.push_back(one);
    }
};

}  // namespace orders::check
