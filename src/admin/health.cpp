#include "health.hpp"

#include <algorithm>
#include <array>

namespace LARDER_NAMESPACE::admin {

namespace {

std::string workers_of(std::int64_t some, std::int64_t all) {
    return std::to_string(some) + " of " + std::to_string(all) + " workers";
}

std::int64_t whole(std::size_t number) { return static_cast<std::int64_t>(number); }

void add(report& all, const worker_figures& one) {
    ++all.workers.answering;
    all.postgresql.connections_in_use += whole(one.pool.in_use);
    all.postgresql.connections_idle += whole(one.pool.idle);
    all.postgresql.requests_waiting += whole(one.pool.waiting);
    all.valkey.connected_workers += one.cache.is_connected ? 1 : 0;
    all.valkey.trusted_workers += one.cache.is_trusted ? 1 : 0;
    all.valkey.silent_workers += one.cache.is_silent ? 1 : 0;
    all.follower.is_followed = all.follower.is_followed || one.cache.is_followed;
    all.local_tier.usable_workers += one.cache.is_local_usable ? 1 : 0;
    all.local_tier.entries += whole(one.cache.local_entries);
    all.local_tier.bytes += whole(one.cache.local_bytes);
    if (!one.follower || !one.follower->is_following) return;
    all.follower.follows_here = true;
    all.follower.late_ms = one.follower->late.count();
}

void find_reasons(const condition& of, report& all) {
    auto& why = all.reasons;
    if (of.is_stopping) why.emplace_back("The service is stopping");
    if (!of.not_set_up.empty()) why.push_back(of.not_set_up);
    if (of.not_set_up.empty() && !of.source.is_reachable)
        why.push_back("PostgreSQL cannot be reached: " + of.source.why_not);
    if (of.follow == following::required && !all.follower.is_followed)
        why.emplace_back("Nobody follows the writes of others, as CACHE_FOLLOW=on wants");
    if (const auto [known, answering] = all.workers; answering < known)
        why.push_back(workers_of(known - answering, known) + " did not answer in time");
    if (why.empty() && !of.has_started) why.emplace_back("The service is starting");
}

void find_faults(const condition& of, report& all) {
    auto& what = all.degraded;
    const auto known = all.workers.answering;
    const auto& valkey = all.valkey;
    if (of.source.is_busy)
        what.emplace_back("All connections to PostgreSQL are in use, so requests wait");
    if (valkey.connected_workers < known)
        what.push_back("Valkey is away for " + workers_of(known - valkey.connected_workers, known) +
                       ", which answer from PostgreSQL");
    if (valkey.silent_workers > 0)
        what.push_back("Valkey is silent for " + workers_of(valkey.silent_workers, known) +
                       ", which answer from PostgreSQL");
    if (valkey.has_foreign_entries)
        what.emplace_back("Valkey holds entries of another database, so it is not used");
    else if (valkey.trusted_workers < valkey.connected_workers)
        what.push_back("Valkey is not trusted yet by " +
                       workers_of(valkey.connected_workers - valkey.trusted_workers, known));
    if (of.follow != following::off && of.follow != following::required &&
        !all.follower.is_followed)
        what.emplace_back(
            "Nobody follows the writes of others, so entries are believed for a short time");
    if (of.unreleased_keys > 0)
        what.push_back(std::to_string(of.unreleased_keys) +
                       " keys are read from PostgreSQL until Valkey is told of writes on them");
    if (of.local_limit > 0 && all.local_tier.usable_workers < valkey.trusted_workers)
        what.push_back("The local tier is not used by " +
                       workers_of(valkey.trusted_workers - all.local_tier.usable_workers, known));
}

}  // namespace

report judge(const condition& of) {
    static constexpr std::array modes{"off", "auto", "on", "trigger"};
    report all;
    for (const auto& one : of.workers)
        if (one) add(all, *one);
    all.workers.all = whole(of.workers.size());
    all.postgresql.is_reachable = of.source.is_reachable;
    all.valkey.has_foreign_entries = of.is_foreign;
    all.valkey.unreleased_keys = whole(of.unreleased_keys);
    all.follower.mode = modes.at(static_cast<std::size_t>(of.follow));
    all.local_tier.limit_bytes = whole(of.local_limit);
    find_reasons(of, all);
    if (of.not_set_up.empty()) find_faults(of, all);
    all.status = all.is_ready() ? "ready" : "not ready";
    return all;
}

}  // namespace LARDER_NAMESPACE::admin
