// For a program that checks a service: which values an answer may have had when it was asked for.
// No I/O; the times are given.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::check {

using instant = std::chrono::steady_clock::time_point;

/// A write that was made.
struct write_times {
    instant begun;         ///< before that no answer may have it
    instant acknowledged;  ///< its writer was told
    instant due;           ///< an answer to who asks then or later has to have it
};

struct verdict {
    enum class kind {
        right,
        stale,   ///< a write that was due is missing
        early,   ///< a write is in it that had not begun
        unknown  ///< it never was the value: a mixture of two, say
    } what = kind::right;
    /// How long before the question the oldest write was acknowledged that is missing.
    std::chrono::steady_clock::duration late{};
};

/// The values that one answer had, one after the other. Best if all differ, so that an answer names
/// one: of a value that came twice either time counts. A write of unknown outcome has to be looked
/// for in the source once nobody can make it any more, and is added only if it was made.
///
/// Cost     of judging: linear in the number of writes.
class history {
public:
    explicit history(std::string first) { states_.push_back({.text = std::move(first)}); }

    void add(const write_times& one, std::string then) {
        supersede(one);
        states_.push_back({.text = std::move(then), .from = one.begun});
    }
    /// Two writes at the same time. Each alone is a value, too. One that shows only before the
    /// other or only behind it may never have been seen: of a row that the other deletes, say.
    void add_two(const write_times& a, const write_times& b, std::string only_a, std::string only_b,
                 std::string both) {
        const auto before = states_.back().text;
        if (only_a != before && only_b != both) supersede(a);
        if (only_b != before && only_a != both) supersede(b);
        states_.push_back({std::move(only_a), a.begun, b.acknowledged, b.due});
        states_.push_back({std::move(only_b), b.begun, a.acknowledged, a.due});
        states_.push_back({.text = std::move(both), .from = std::max(a.begun, b.begun)});
    }

    /// What `text` is for who asked at `began` and was answered at `ended`.
    verdict judge(instant began, instant ended, const std::string& text) const {
        std::optional<verdict> best;
        for (const auto& one : states_) {
            if (one.text != text) continue;
            const auto found = judge(began, ended, one);
            if (!best || found.what < best->what) best = found;
        }
        return best.value_or(verdict{verdict::kind::unknown});
    }
    std::size_t size() const { return states_.size(); }

private:
    // A value lacks all writes behind it.
    struct state {
        std::string text;
        instant from = instant::min();
        instant superseded = instant::max();  // the first of these was acknowledged
        instant until = instant::max();       // the first of these was due
    };

    static verdict judge(instant began, instant ended, const state& one) {
        if (one.from > ended) return {verdict::kind::early, one.from - ended};
        if (one.superseded > began) return {};
        const auto late = began - one.superseded;
        return {one.until > began ? verdict::kind::right : verdict::kind::stale, late};
    }
    void supersede(const write_times& by) {
        for (auto& one : states_) {
            one.superseded = std::min(one.superseded, by.acknowledged);
            one.until = std::min(one.until, by.due);
        }
    }

    std::vector<state> states_;
};

}  // namespace LARDER_NAMESPACE::check
