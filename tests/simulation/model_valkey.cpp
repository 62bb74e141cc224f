#include "simulation/model_valkey.hpp"

#include <algorithm>

namespace larder::simulation {

using cache::lease_answer;

// Who touches a key finds it gone if its time is over, and those who watch it are told.
model_valkey::entry& model_valkey::fresh(std::size_t key, msec now) {
    auto& e = data_.of[key];
    if (e.value && e.value_until <= now) delete_value(key);
    if (e.lease_until <= now) e.lease = 0;
    if (e.holds_until <= now) e.holds.clear();
    return e;
}

void model_valkey::changed(std::size_t key) {
    for (const auto connection : std::exchange(tracked_[key], {}))
        pushes.push_back({connection, key});
}

void model_valkey::delete_value(std::size_t key) {
    if (!std::exchange(data_.of[key].value, std::nullopt)) return;
    changed(key);
}

bool model_valkey::has_holds(std::size_t key, msec now) const {
    const auto& holds = data_.of[key].holds;
    return std::any_of(holds.begin(), holds.end(), [now](auto& h) { return h.until > now; });
}

bool model_valkey::has_hold(std::size_t key, text writer, msec now) const {
    const auto& holds = data_.of[key].holds;
    return std::any_of(holds.begin(), holds.end(),
                       [&](auto& h) { return h.writer == writer && h.until > now; });
}

model_valkey::lease_reply model_valkey::lease(std::size_t key, text token, msec duration,
                                              std::optional<text> no_value, msec now) {
    auto& e = fresh(key, now);
    if (e.value && e.value != no_value) return {lease_answer::value, *e.value};
    if (has_holds(key, now)) return {lease_answer::held};
    if (e.lease != 0 && e.lease != token) return {lease_answer::busy};
    e.lease = token;
    e.lease_until = now + duration;
    return {lease_answer::granted};
}

bool model_valkey::renew(std::size_t key, text token, msec duration, msec now) {
    auto& e = fresh(key, now);
    if (e.lease != token) return false;
    e.lease_until = now + duration;
    return true;
}

void model_valkey::yield(std::size_t key, text token, msec now) {
    auto& e = fresh(key, now);
    if (e.lease == token) e.lease = 0;
}

bool model_valkey::fill(std::size_t key, text token, text value, msec ttl, msec now) {
    auto& e = fresh(key, now);
    if (checks_lease && (e.lease != token || has_holds(key, now))) return false;
    e.value = value;
    e.value_until = now + ttl;
    e.lease = 0;
    changed(key);
    return true;
}

void model_valkey::hold(std::size_t key, text writer, msec duration, msec now) {
    auto& e = fresh(key, now);
    delete_value(key);
    e.lease = 0;
    std::erase_if(e.holds, [&](auto& h) { return h.until <= now || h.writer == writer; });
    if (e.holds.empty()) e.holds_until = now;
    e.holds.push_back({writer, now + duration});
    e.holds_until = std::max(e.holds_until, now + duration);
}

void model_valkey::release(std::size_t key, const std::vector<text>& writers, msec now) {
    auto& e = fresh(key, now);
    delete_value(key);
    e.lease = 0;
    std::erase_if(e.holds, [&](auto& h) {
        return std::find(writers.begin(), writers.end(), h.writer) != writers.end();
    });
}

model_valkey::got model_valkey::get(std::size_t key, std::uint32_t connection, msec now) {
    const auto& e = fresh(key, now);
    auto& watching = tracked_[key];
    const bool watches = std::find(watching.begin(), watching.end(), connection) != watching.end();
    if (connection != 0 && !watches) watching.push_back(connection);
    if (!e.value) return {};
    return {e.value, e.value_until - now};
}

std::uint32_t model_valkey::leases(msec now) const {
    std::uint32_t found = 0;
    for (std::size_t k = 0; k < max_keys; ++k)
        if (data_.of[k].lease != 0 && data_.of[k].lease_until > now) found |= 1U << k;
    return found;
}

std::uint32_t model_valkey::values(msec now) const {
    std::uint32_t found = 0;
    for (std::size_t k = 0; k < max_keys; ++k)
        if (data_.of[k].value && data_.of[k].value_until > now) found |= 1U << k;
    return found;
}

void model_valkey::delete_leases(std::uint32_t which) {
    for (std::size_t k = 0; k < max_keys; ++k)
        if ((which >> k & 1U) != 0) data_.of[k].lease = 0;
}

void model_valkey::delete_values(std::uint32_t which) {
    for (std::size_t k = 0; k < max_keys; ++k)
        if ((which >> k & 1U) != 0) delete_value(k);
}

void model_valkey::mark(text run) {
    data_.marker = run;
    data_.purging = 0;
}

bool model_valkey::lock_purge(text name, msec duration, msec now) {
    if (data_.purging != 0 && data_.purging_until > now) return false;
    data_.purging = name;
    data_.purging_until = now + duration;
    return true;
}

void model_valkey::restart(bool with_old_data) {
    data_ = with_old_data ? saved_ : everything{};
    saved_ = data_;
    tracked_ = {};
    pushes.clear();
    ++run_;
}

void model_valkey::flush() {
    data_ = {};
    std::vector<std::uint32_t> told;
    for (auto& watching : tracked_)
        for (const auto c : std::exchange(watching, {}))
            if (std::find(told.begin(), told.end(), c) == told.end()) told.push_back(c);
    for (const auto c : told) pushes.push_back({c, std::nullopt});
}

std::size_t model_valkey::expire(msec now) {
    std::size_t count = 0;
    for (std::size_t k = 0; k < max_keys; ++k) {
        const bool had_value = data_.of[k].value.has_value();
        fresh(k, now);
        if (had_value && !data_.of[k].value) ++count;
    }
    return count;
}

void model_valkey::forget_connection(std::uint32_t connection) {
    for (auto& watching : tracked_) std::erase(watching, connection);
}

}  // namespace larder::simulation
