#include "announcements.hpp"

#include <utility>

namespace LARDER_NAMESPACE::pg {

void announcements::connected(bool has_table, bool is_notified, unsigned unnoted) {
    has_table_ = has_table;
    is_told_ = is_notified;
    was_notified_ = false;
    told_.clear();
    known_.clear();
    said_ = unnoted + then_.unannounced() - 1;  // what a lost connection did not say
}

void announcements::notified(std::string_view payload) {
    was_notified_ = true;
    if (has_table_) told_.emplace_back(payload);
    else then_.heard(payload);
}

void announcements::could_not_read() {
    for (const auto& one : std::exchange(told_, {})) then_.heard(one);
    was_notified_ = true;
}

// Behind the rows that are deleted there may be more.
std::vector<std::string> announcements::to_delete(bool is_due) {
    had_known_ = is_due && !known_.empty();
    if (!has_table_ || !had_known_ || !then_.is_settled()) return {};
    return {known_.begin(), known_.end()};
}

bool announcements::has_to_read(bool is_due) {
    const bool was_notified = std::exchange(was_notified_, false);
    return has_table_ && (was_notified || had_known_ || (is_due && !is_told_));
}

// What is no longer there, another process has released.
void announcements::read(const std::vector<row>& rows) {
    std::set<std::string> there;
    for (const auto& one : rows) {
        if (!then_.concerns(one.payload)) continue;
        there.insert(one.id);
        if (!known_.contains(one.id)) then_.heard(one.payload);
    }
    known_ = std::move(there);
    told_.clear();
}

// What is in the table need not be said again.
std::vector<std::string> announcements::to_say(unsigned unnoted) {
    saying_ = unnoted + then_.unannounced();
    if (has_table_ && said_ == saying_) return {};
    return then_.say();
}

}  // namespace LARDER_NAMESPACE::pg
