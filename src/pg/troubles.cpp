#include "troubles.hpp"

#include <spdlog/spdlog.h>

namespace LARDER_NAMESPACE::pg {

namespace {

using namespace std::chrono_literals;

constexpr auto told_again_after = 10s;
constexpr std::size_t most_reasons = 100;

}  // namespace

// Reasons may be of many kinds, with somebody's numbers in them: what does not fit is told again.
bool troubles::is_new(const error& why, clock::time_point again) {
    if (told_.size() >= most_reasons) told_.clear();
    const auto [known, fresh] = told_.try_emplace(why.detail());
    if (!fresh && known->second > again) return false;
    known->second = clock::now();
    return true;
}

void troubles::was_refused(const error& why) {
    const std::lock_guard lock{mutex_};
    if (!refused_) told_.clear();
    refused_ = true;
    if (is_new(why, clock::time_point::min()))
        spdlog::warn("PostgreSQL cannot be used: {}", why.detail());
}

void troubles::was_accepted() {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(refused_, false)) return;
    told_.clear();
    spdlog::warn("PostgreSQL can be used again");
}

void troubles::failed(const error& why) {
    const std::lock_guard lock{mutex_};
    if (is_new(why, refused_ ? clock::time_point::min() : clock::now() - told_again_after))
        spdlog::warn("A request got 503: {}{}", why.detail(),
                     why.sqlstate().empty() ? "" : " (SQLSTATE " + why.sqlstate() + ")");
}

}  // namespace LARDER_NAMESPACE::pg
