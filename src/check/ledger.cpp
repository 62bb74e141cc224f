#include "larder/check/ledger.hpp"

namespace LARDER_NAMESPACE::check {

ledger::ledger(const std::vector<std::int64_t>& base, clock::time_point since)
    : accounts_(base.size()), since_(since) {
    for (key k = 0; k < base.size(); ++k) accounts_[k].base = base[k];
}

void ledger::start(key part) {
    ++accounts_[0].started;
    ++accounts_[part].started;
}

void ledger::acknowledge(account& of, clock::time_point now) {
    const std::lock_guard lock{of.mutex};
    of.times.push_back(now);
    ++of.acknowledged;
}

void ledger::acknowledge(key part, clock::time_point now) {
    acknowledge(accounts_[0], now);
    acknowledge(accounts_[part], now);
}

reading ledger::begin(key of) const {
    const auto& own = accounts_[of];
    return {.key = of, .at_least = own.base + own.acknowledged, .began = {}};
}

judgement ledger::judge(const reading& asked, std::int64_t count) const {
    const auto& own = accounts_[asked.key];
    judgement verdict{.at_least = asked.at_least, .at_most = own.base + own.started};
    verdict.overcounted = count > verdict.at_most;
    if (count >= asked.at_least) return verdict;

    // Of the first N + 1 acknowledged, an answer of N lacks one at least. An answer
    // below the base lacks one from before the run.
    auto lacked_since = since_;
    verdict.below_base = count < own.base;
    if (!verdict.below_base) {
        const std::lock_guard lock{own.mutex};
        lacked_since = own.times.at(static_cast<std::size_t>(count - own.base));
    }
    verdict.stale_for = asked.began - lacked_since;
    return verdict;
}

}  // namespace LARDER_NAMESPACE::check
