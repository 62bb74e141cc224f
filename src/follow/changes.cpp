#include "changes.hpp"

#include <algorithm>
#include <utility>

#include "larder/cache/escaped.hpp"

namespace LARDER_NAMESPACE::follow {

namespace {

// Their text has one form, the one that a key has. That of a date depends on a setting of the
// session, and what char(n) has at its end on who asks. Source: PostgreSQL, pg_type.dat.
constexpr bool has_one_text(std::uint32_t type) {
    constexpr std::uint32_t int8 = 20, int2 = 21, int4 = 23, text = 25, varchar = 1043, uuid = 2950;
    return type == int8 || type == int2 || type == int4 || type == text || type == varchar ||
           type == uuid;
}

const field* field_in(tuple row, std::size_t column) {
    return column < row.size() ? &row[column] : nullptr;
}

// What is long and was not changed is as it was.
const field* value_in(const changed_row& row, std::size_t column) {
    const auto* now = field_in(row.after, column);
    if (!now || now->is != field::kind::unchanged) return now;
    return row.known == changed_row::past::whole ? field_in(row.before, column) : nullptr;
}

// Nothing if the log does not tell one of them.
template <class Find>
std::optional<cache::key_parts> parts_of(const std::vector<std::size_t>& columns, Find&& find) {
    cache::key_parts all;
    for (const auto column : columns) {
        const field* one = find(column);
        if (!one || one->is == field::kind::unchanged) return std::nullopt;
        auto& part = all.emplace_back();
        if (one->is == field::kind::text) part = cache::escaped(one->text);
    }
    return all;
}

}  // namespace

void untrue::add(untrue more) {
    for (const auto& key : more.keys) {
        const bool is_new = keys.insert(key).second;
        auto known = more.made_by.extract(key);
        if (known.empty()) made_by.erase(key);
        else if (is_new) made_by.insert(std::move(known));
        else if (const auto mine = made_by.find(key); mine != made_by.end())
            mine->second.merge(known.mapped());
    }
    families.merge(more.families);
    if (why.empty()) why = std::move(more.why);
}

std::vector<cache::changed_key> untrue::changed_keys() const {
    std::vector<cache::changed_key> all;
    all.reserve(keys.size());
    for (const auto& key : keys) {
        auto& one = all.emplace_back(cache::changed_key{.key = key});
        const auto known = made_by.find(key);
        if (known == made_by.end()) continue;
        for (const auto id : known->second) one.transactions.push_back(std::to_string(id));
    }
    return all;
}

bool changes::read(std::string_view message) {
    const auto read = reader_.read(message);
    if (!read) return false;
    if (const auto* begin = std::get_if<begun>(&*read)) {
        if (open_) return false;
        open_ = transaction{.id = begin->transaction};
    } else if (const auto* commit = std::get_if<committed>(&*read)) {
        if (!open_) return false;
        end_ = commit->end;
        if (!open_->what.is_empty()) complete_.push_back(std::move(*open_));
        open_.reset();
    } else if (const auto* about = std::get_if<relation>(&*read)) {
        learn(*about);
    } else if (const auto* row = std::get_if<changed_row>(&*read)) {
        return apply(*row);
    } else if (const auto* all = std::get_if<truncated>(&*read)) {
        return apply(*all);
    }
    return true;
}

// Columns that were dropped are not told, so they are known by their names.
void changes::learn(const relation& about) {
    const auto found = tables_.find(about.id);
    if (found == tables_.end()) return;
    auto& all = known_[about.id];
    all.clear();
    for (const auto& one : found->second) all.push_back(watch(one, about));
}

changes::watched changes::watch(const dependant& one, const relation& about) {
    if (one.is_by_generation) return {.family = one.family, .is_by_generation = true};
    watched by{.family = one.family, .are_key = true, .is_only_counted = one.is_only_counted};
    std::vector<std::string> names{one.column};
    names.insert(names.end(), one.more_columns.begin(), one.more_columns.end());
    for (const auto& name : names) {
        const auto at = std::ranges::find(about.columns, name, &relation::column::name);
        if (at == about.columns.end() || !has_one_text(at->type)) return {.family = one.family};
        by.columns.push_back(static_cast<std::size_t>(at - about.columns.begin()));
        by.are_key = by.are_key && at->is_key;
    }
    return by;
}

bool changes::apply(const changed_row& row) {
    if (!open_) return false;
    if (!tables_.contains(row.relation)) return true;
    const auto found = known_.find(row.relation);
    if (found == known_.end()) return false;  // it has to be told before its rows
    for (const auto& one : found->second) break_keys(one, row);
    return true;
}

bool changes::apply(const truncated& all) {
    if (!open_) return false;
    for (const auto table : all.relations)
        if (const auto found = tables_.find(table); found != tables_.end())
            for (const auto& one : found->second) break_all_of(one.family, one.is_by_generation);
    return true;
}

// The log tells the row as it was where the identity is FULL; and of the key's columns where one of
// them changes. Of an update that leaves them alone it tells nothing.
void changes::break_keys(const watched& by, const changed_row& row) {
    using kind = changed_row::kind;
    using past = changed_row::past;
    if (by.columns.empty()) return break_all_of(by.family, by.is_by_generation);
    std::optional<cache::key_parts> before, after;
    if (row.is != kind::deleted) {
        after = parts_of(by.columns, [&](std::size_t one) { return value_in(row, one); });
        if (!after) return break_family(by.family);
    }
    if (row.is != kind::inserted) {
        const bool is_told = row.known == past::whole || (row.known == past::key && by.are_key);
        if (row.known == past::unknown && by.are_key && row.is == kind::updated) before = after;
        if (is_told)
            before =
                parts_of(by.columns, [&](std::size_t one) { return field_in(row.before, one); });
        if (!before) return break_family(by.family);
    }
    if (before == after && by.is_only_counted) return;
    if (before == after) before.reset();
    auto& all = open_->what;
    if (all.families.contains(by.family)) return;
    for (const auto* one : {&before, &after}) {
        if (!*one) continue;
        for (auto& key : cache::keys_of_row(by.family, **one)) all.keys.insert(std::move(key));
    }
    if (all.keys.size() > most_keys_) {
        for (const auto& [id, dependants] : tables_)
            for (const auto& each : dependants) all.families.insert(each.family);
        all.keys.clear();
        all.why = "a transaction made more than " + std::to_string(most_keys_) + " entries untrue";
    }
}

void changes::break_all_of(const std::string& family, bool is_by_generation) {
    if (!is_by_generation) return break_family(family);
    auto& all = open_->what;
    if (!all.families.contains(family)) all.keys.insert(cache::generation_of(family));
}

void changes::break_family(const std::string& family) {
    auto& all = open_->what;
    if (!all.families.insert(family).second) return;
    if (all.why.empty())
        all.why = "the log does not say which entries of " + family +
                  " a transaction made untrue, as after TRUNCATE or without whole old rows";
    std::erase_if(all.keys, [&](const auto& key) { return key.starts_with(family + ':'); });
}

void gate::add(transaction seen_later) {
    waiting_.push_back({.id = seen_later.id, .what = std::move(seen_later.what)});
    size_ += size_of(waiting_.back());
}

void gate::add_all(const snapshot& at, const std::set<std::string>& families) {
    const untrue now{.families = families, .why = "an instance began to follow"};
    waiting_.push_back({.wide = 0, .what = now});
    const untrue later{.families = families,
                       .why = "a transaction ended that ran when an instance began to follow"};
    for (const auto running : at.running) waiting_.push_back({.wide = running, .what = later});
    size_ += 1 + at.running.size();
}

untrue gate::take(const snapshot& now) {
    untrue seen;
    std::erase_if(waiting_, [&](held& each) {
        const auto id = each.wide ? *each.wide : now.widen(each.id);
        if (!now.sees(id)) return false;
        size_ -= size_of(each);
        for (const auto& key : each.what.keys) each.what.made_by[key] = {id};
        seen.add(std::move(each.what));
        return true;
    });
    return seen;
}

}  // namespace LARDER_NAMESPACE::follow
