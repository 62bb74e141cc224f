// What an operator asks of all entries, and whom they are believed to be of.
#include <cstddef>
#include <utility>

#include "cache/notes.hpp"
#include "cache/scripts.hpp"
#include "cache_desk.hpp"
#include "follow/standing.hpp"
#include "valkey/handshake.hpp"

namespace larder::admin {

using valkey::command;
using valkey::reply;

namespace {

std::int64_t figure_in(const reply& info, std::string_view name) {
    return reply{reply::kind::text, valkey::info_field(info, name)}.number();
}

std::optional<follower_report> follower_in(const reply& said, const reply& left) {
    if (said.is != reply::kind::text) return std::nullopt;
    follower_report all{.by = "an instance of another version"};
    if (const auto one = follow::read_sign(said.text))
        all = {.by = one->by, .since_ms = one->since_ms, .late_ms = one->late_ms};
    all.said_ms_ago = cache::sign_lives.count() - left.number();
    return all;
}

std::string run_in(const reply& server, const reply& replication) {
    return valkey::info_field(server, "run_id") + '/' +
           valkey::info_field(replication, "master_replid");
}

std::string version_in(const reply& server) {
    auto version = valkey::info_field(server, "valkey_version");
    return version.empty() ? valkey::info_field(server, "redis_version") : version;
}

void name_owner(family_report& to, const trust_facts::of_family& known) {
    const auto space = known.mark ? known.mark->find(' ') : std::string::npos;
    if (space == std::string::npos) return;
    to.run = known.mark->substr(0, space);
    to.database = known.mark->substr(space + 1);
}

void count_key(family_report& to, const cache_names::kept& one, const std::string& generation) {
    using kind = cache_names::kind;
    if (one.is == kind::lease) ++to.leases;
    else if (one.is == kind::hold) ++to.holds;
    else if (one.is == kind::entry && one.generation == generation) ++to.entries;
    else if (one.is == kind::entry) ++to.of_earlier_generations;
}

}  // namespace

task<trust_facts> cache_desk::facts_of_trust() {
    std::vector<command> questions;
    questions.push_back({"INFO", "server"});
    questions.push_back(valkey::ask_standing);
    for (const auto& family : options_.families)
        for (const auto& key : cache::marks_of(family)) questions.push_back({"GET", key});
    const auto said = co_await asks_.ask(std::move(questions));
    trust_facts all{.run = run_in(said[0], said[1])};
    auto next = said.begin() + 2;
    for (const auto& family : names_.families()) {
        trust_facts::of_family one{.family = std::string{family.family()}};
        if (next->is == reply::kind::text) one.mark = next->text;
        ++next;
        if (next->is == reply::kind::text) one.purged_by = next->text;
        ++next;
        all.families.push_back(std::move(one));
    }
    co_return all;
}

// A key that comes and goes meanwhile may be counted or not; one may be counted twice.
task<stats_report> cache_desk::stats() {
    stats_report all;
    const auto facts = co_await facts_of_trust();
    std::vector<std::string> generations;
    for (const auto& family : names_.families()) {
        const auto now = co_await generation(family);
        generations.push_back(now.value_or(""));
        all.families.push_back({.family = std::string{family.family()}});
        name_owner(all.families.back(), facts.families[generations.size() - 1]);
    }
    std::string cursor = "0";
    do {
        command scan{"SCAN", cursor, "MATCH", names_.pattern(), "COUNT", "1000"};
        const auto found = co_await ask(std::move(scan));
        ++all.steps;
        cursor = found.list.empty() ? "0" : found.list.front();
        for (std::size_t i = 1; i < found.list.size(); ++i) {
            ++all.walked_keys;
            const auto one = names_.find(found.list[i]);
            if (one) count_key(all.families[one->family], *one, generations[one->family]);
        }
    } while (cursor != "0");
    std::vector<command> questions;
    for (const auto* section : {"server", "replication", "memory", "stats"})
        questions.push_back({"INFO", section});
    const auto sign = cache::sign_of(options_.families, options_.declared);
    questions.push_back({"GET", sign});
    questions.push_back({"PTTL", sign});
    const auto said = co_await asks_.ask(std::move(questions));
    all.version = version_in(said[0]);
    all.run = run_in(said[0], said[1]);
    all.used_bytes = figure_in(said[2], "used_memory");
    all.most_bytes = figure_in(said[2], "maxmemory");
    all.eviction = valkey::info_field(said[2], "maxmemory_policy");
    all.evicted_keys = figure_in(said[3], "evicted_keys");
    all.follower = follower_in(said[4], said[5]);
    co_return all;
}

}  // namespace larder::admin
