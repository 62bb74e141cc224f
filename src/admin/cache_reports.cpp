#include "cache_reports.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "larder/json.hpp"

namespace larder::admin {

namespace {

using row = std::pair<std::string, std::string>;

// Names on the left, what they are on the right.
std::string table(const std::vector<row>& rows) {
    std::size_t width = 0;
    for (const auto& [name, what] : rows) width = std::max(width, name.size());
    std::string text;
    for (const auto& [name, what] : rows)
        text.append(name).append(width - name.size() + 2, ' ').append(what).append(1, '\n');
    return text;
}

std::string in_seconds(std::int64_t ms) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f s", static_cast<double>(ms) / 1000);
    return text.data();
}

std::string in_mebibytes(std::int64_t bytes) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f MiB", static_cast<double>(bytes) / (1 << 20));
    return text.data();
}

std::string counted(std::int64_t number, const std::string& one, const std::string& more) {
    return std::to_string(number) + ' ' + (number == 1 ? one : more);
}

// Others may have put it there, and a terminal obeys what is not printable.
std::string printable(const std::string& value) {
    const bool is_plain =
        std::ranges::none_of(value, [](unsigned char c) { return c < ' ' || c == 127; });
    if (is_plain && json::is_text(value)) return value;
    std::string quoted;
    json::append_string(quoted, value);
    return quoted;
}

}  // namespace

std::string text_of(const entry_report& of) {
    std::vector<row> rows{{"key", of.key}};
    if (of.kept_as && *of.kept_as != of.key) rows.emplace_back("kept as", *of.kept_as);
    if (!of.is_there) rows.emplace_back("value", "there is no entry");
    if (of.value) rows.emplace_back("value", printable(*of.value));
    if (of.unusable) rows.emplace_back("unusable", *of.unusable);
    if (of.fingerprint) rows.emplace_back("type", "of the fingerprint " + *of.fingerprint);
    if (of.is_there)
        rows.emplace_back("left", of.ttl_ms ? in_seconds(*of.ttl_ms) : std::string{"for ever"});
    rows.emplace_back("lease", of.loaded_by ? "the worker " + *of.loaded_by + " loads it" : "none");
    rows.emplace_back("holds", of.holds == 0 ? "none"
                                             : counted(of.holds, "write is", "writes are") +
                                                   " in progress, so nobody fills it");
    return table(rows);
}

std::string text_of(const invalidation_report& of) {
    std::string text;
    for (const auto& one : of.invalidated) {
        text += one.key + ": " + (one.had_entry ? "deleted" : "there was no entry");
        if (one.refused_fill) text += "; what a worker loads now is not stored";
        if (one.holds > 0)
            text += "; " + counted(one.holds, "write is", "writes are") + " in progress";
        text += '\n';
    }
    return text;
}

std::string text_of(const purge_report& of) {
    if (!of.family)
        return "Deleted " + counted(of.entries.value_or(0), "entry", "entries") +
               "; the cache is this database's now\n";
    if (!of.entries)
        return "No entry of " + *of.family +
               " is used any more, as a new generation begins; they end by their time\n";
    return "Deleted " + counted(*of.entries, "entry", "entries") + " of " + *of.family + "\n";
}

std::string text_of(const trust_report& of) {
    std::string text = of.is_trusted ? "trusted\n" : "not trusted\n";
    for (const auto& one : of.reasons) text += one + '\n';
    return text;
}

std::string text_of(const stats_report& of) {
    std::vector<row> rows{{"valkey", of.valkey + ", version " + of.version + ", run " + of.run}};
    const auto limit = of.most_bytes == 0
                           ? std::string{"no limit"}
                           : "at most " + in_mebibytes(of.most_bytes) + ", then " + of.eviction;
    rows.emplace_back("memory", in_mebibytes(of.used_bytes) + ", " + limit + "; " +
                                    counted(of.evicted_keys, "key", "keys") + " evicted");
    for (const auto& one : of.families) {
        auto what = counted(one.entries, "entry", "entries") + ", " +
                    counted(one.leases, "lease", "leases") + ", " +
                    counted(one.holds, "key with holds", "keys with holds");
        if (one.of_earlier_generations > 0)
            what += "; " + std::to_string(one.of_earlier_generations) + " of earlier generations";
        if (one.database) what += "; of the database " + *one.database;
        rows.emplace_back(one.family, std::move(what));
    }
    rows.emplace_back(
        "follower",
        !of.follower ? "nobody says that writes by others are followed"
                     : of.follower->by + ", since " + in_seconds(of.follower->since_ms) +
                           ", at most " + std::to_string(of.follower->late_ms) +
                           " ms late, as it said " + in_seconds(of.follower->said_ms_ago) + " ago");
    rows.emplace_back("trust", of.trust.is_trusted ? "trusted" : "not trusted");
    for (const auto& one : of.trust.reasons) rows.emplace_back("", one);
    rows.emplace_back("walked", counted(of.walked_keys, "key", "keys") + " in " +
                                    counted(of.steps, "step", "steps"));
    return table(rows);
}

namespace {

std::string of_mark(const trust_facts& all, const trust_facts::of_family& one, bool& is_trusted) {
    const auto untrusted = [&](std::string sentence) {
        is_trusted = false;
        return sentence;
    };
    const auto& name = one.family;
    if (one.purged_by)
        return untrusted("All entries of " + name + " are being deleted by " + *one.purged_by +
                         ": nobody trusts them before that is done");
    const auto space = one.mark ? one.mark->find(' ') : std::string::npos;
    if (space == std::string::npos)
        return untrusted("Nobody has trusted the entries of " + name +
                         " yet: the next instance that connects deletes what there is first");
    const auto run = one.mark->substr(0, space), database = one.mark->substr(space + 1);
    if (all.database && database != *all.database)
        return untrusted("The entries of " + name + " are of the database " + database +
                         ", and this one is " + *all.database +
                         ": set CACHE_PREFIX, or run cache purge if it took the other's place");
    if (run != all.run)
        return untrusted("The entries of " + name +
                         " were trusted last in another run of the server, " + run +
                         ": the next instance that looks deletes them first");
    if (one.recorded && !one.recorded->empty() && *one.recorded != all.run)
        return untrusted("PostgreSQL knows that the entries of " + name +
                         " were used in another Valkey since, " + *one.recorded +
                         ": the next instance that looks deletes them first");
    return "The entries of " + name + " are of the database " + database +
           ", and were trusted in this run of the server";
}

}  // namespace

trust_report judge_trust(const trust_facts& of) {
    trust_report all{.is_trusted = true};
    for (const auto& one : of.families) all.reasons.push_back(of_mark(of, one, all.is_trusted));
    if (!of.database) all.reasons.push_back(of.why_no_database);
    if (!of.database && of.is_source_asked) all.is_trusted = false;
    return all;
}

}  // namespace larder::admin
