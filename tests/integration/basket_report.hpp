// What was changed and answered during a run, and what is wrong with it. No I/O.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "basket_contents.hpp"

namespace larder::test {

struct basket_reading {
    std::size_t instance = 0;
    int basket = 0, voucher = 0;
    instant began, ended;
    std::string body;
};

/// From when on nobody may lack a change.
struct basket_promise {
    /// How late a change past the service is seen at most, and one of its own while something
    /// fails.
    std::chrono::milliseconds bound{1'000};
    using span = std::pair<instant, instant>;
    /// Something failed: what the service changed meanwhile may be late.
    std::vector<span> disturbed;
    /// What failed, for those who look for a cause.
    std::vector<std::pair<span, std::string>> faults;
    /// What was changed past it meanwhile, or was not seen yet, need not be seen before the end.
    std::vector<span> excused;

    instant due(const made_change& one) const {
        const auto late = one.acknowledged + bound;
        if (one.by_service && !one.was_found) {
            const bool is_disturbed = std::ranges::any_of(disturbed, [&](const span& during) {
                return one.begun <= during.second && one.acknowledged >= during.first;
            });
            return is_disturbed ? late : one.acknowledged;
        }
        auto when = late;
        for (const auto& [begin, end] : excused)
            if (one.acknowledged <= end && when >= begin) when = std::max(when, end);
        return when;
    }
};

struct basket_report {
    int reads = 0, stale = 0, early = 0, unknown = 0;
    int stale_percents = 0;                 ///< of those that are stale
    std::chrono::milliseconds stale_by{0};  ///< the worst
    std::chrono::milliseconds late_by{0};   ///< the worst that is allowed
    std::string violations;                 ///< the first ones

    void add(const verdict& is) {
        const auto late = std::chrono::ceil<std::chrono::milliseconds>(is.late);
        ++reads;
        switch (is.what) {
            case verdict::kind::right: late_by = std::max(late_by, late); break;
            case verdict::kind::stale:
                ++stale;
                stale_by = std::max(stale_by, late);
                break;
            case verdict::kind::early: ++early; break;
            case verdict::kind::unknown: ++unknown;
        }
    }
    int wrong() const { return stale + early + unknown; }
};

/// What is wrong with an answer, and what was done since the change that is missing, and the second
/// before. Times are in milliseconds after the question.
inline std::string told(const basket_reading& one, const verdict& is,
                        const std::vector<std::vector<made_change>>& steps,
                        const basket_promise& promise) {
    static constexpr std::array kinds{"right", "stale", "early", "never there"};
    const auto ms = [](std::chrono::steady_clock::duration time) {
        return std::to_string(std::chrono::duration<double, std::milli>(time).count());
    };
    auto text = "instance " + std::to_string(one.instance) + ' ' +
                price_path(one.basket, one.voucher) + ": " +
                kinds.at(static_cast<std::size_t>(is.what)) + " by " + ms(is.late) +
                " ms: " + one.body + ", after " + ms(one.ended - one.began) + " ms\n";
    const auto since = one.began - is.late - std::chrono::seconds{1};
    for (const auto& [during, what] : promise.faults)
        if (during.first <= one.ended && during.second >= since - std::chrono::seconds{3})
            text += "    " + ms(during.first - one.began) + " to " + ms(during.second - one.began) +
                    ", fault: " + what + '\n';
    for (const auto& step : steps)
        for (const auto& made : step) {
            if (made.begun > one.ended || made.acknowledged < since) continue;
            text +=
                "    " + ms(made.begun - one.began) + " to " + ms(made.acknowledged - one.began) +
                (made.by_service ? ", service: " : ", past it: ") + sql_of(made.what, {}) + '\n';
        }
    return text;
}

inline basket_report judge(const std::vector<basket_group>& groups, const voucher_list& vouchers,
                           const std::vector<basket_reading>& readings,
                           const basket_promise& promise) {
    const auto due = [&](const made_change& one) { return promise.due(one); };
    std::map<int, std::pair<const basket_group*, check::history>> histories;
    for (const auto& group : groups)
        for (auto& [basket, history] : group.histories(due))
            histories.emplace(basket, std::pair{&group, std::move(history)});
    const auto percents = vouchers.histories(due);
    basket_report found;
    const auto add = [&](const basket_reading& one, const verdict& is, const auto& of) {
        found.add(is);
        if (is.what != verdict::kind::right && found.wrong() <= 3)
            found.violations += told(one, is, of.steps(), promise);
    };
    for (const auto& one : readings) {
        const auto& [group, history] = histories.at(one.basket);
        if (!one.voucher) {
            add(one, history.judge(one.began, one.ended, one.body), *group);
            continue;
        }
        const auto parts = price_parts::of(one.body, one.voucher);
        auto is = parts ? percents.at(one.voucher).judge(one.began, one.ended, parts->percent)
                        : verdict{verdict::kind::unknown};
        if (is.what != verdict::kind::right) {
            found.stale_percents += is.what == verdict::kind::stale;
            add(one, is, vouchers);
            continue;
        }
        const auto of_lines = history.judge(one.began, one.ended, parts->without);
        if (of_lines.what == verdict::kind::right) is.late = std::max(is.late, of_lines.late);
        else is = of_lines;
        add(one, is, *group);
    }
    return found;
}

}  // namespace larder::test
