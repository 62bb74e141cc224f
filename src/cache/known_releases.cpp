#include "known_releases.hpp"

#include <algorithm>

#include "scripts.hpp"

namespace larder::cache {

void known_releases::add(const std::string& transaction, const std::vector<std::string>& keys,
                         time_point now) {
    constexpr std::size_t most = 20'000;
    const std::scoped_lock lock{mutex_};
    const auto is_over = [&](const std::string& one) {
        return transactions_.size() >= most || now - all_.at(one).when > released_is_known;
    };
    for (; !transactions_.empty() && is_over(transactions_.front()); transactions_.pop_front())
        all_.erase(transactions_.front());
    if (all_.emplace(transaction, release{keys, now}).second) transactions_.push_back(transaction);
}

bool known_releases::have(const changed_key& one, time_point now) const {
    const std::scoped_lock lock{mutex_};
    const auto is_known = [&](const std::string& transaction) {
        const auto found = all_.find(transaction);
        return found != all_.end() && now - found->second.when <= released_is_known &&
               std::ranges::find(found->second.keys, one.key) != found->second.keys.end();
    };
    return !one.transactions.empty() && std::ranges::all_of(one.transactions, is_known);
}

}  // namespace larder::cache
