#include "changes.hpp"

#include <algorithm>
#include <utility>

#include "larder/cache/escaped.hpp"

namespace larder::follow {

namespace {

// Their text has one form, the one that a key has. That of a date depends on a setting of the
// session, and what char(n) has at its end on who asks. Source: PostgreSQL, pg_type.dat.
constexpr bool has_one_text(std::uint32_t type) {
    constexpr std::uint32_t int8 = 20, int2 = 21, int4 = 23, text = 25, varchar = 1043, uuid = 2950;
    return type == int8 || type == int2 || type == int4 || type == text || type == varchar ||
           type == uuid;
}

// What is long and was not changed is as it was.
const field* value_in(const changed_row& row, std::size_t column) {
    if (column >= row.after.size()) return nullptr;
    const auto& now = row.after[column];
    if (now.is != field::kind::unchanged) return &now;
    const bool is_known = row.known == changed_row::past::whole && column < row.before.size() &&
                          row.before[column].is != field::kind::unchanged;
    return is_known ? &row.before[column] : nullptr;
}

bool are_same(const field& a, const field& b) { return a.is == b.is && a.text == b.text; }

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
    for (const auto& [family, column] : found->second) {
        auto& one = all.emplace_back(watched{.family = family});
        const auto at = std::ranges::find(about.columns, column, &relation::column::name);
        if (at == about.columns.end()) continue;
        one.column = static_cast<std::size_t>(at - about.columns.begin());
        one.is_key = at->is_key;
        one.has_one_text = has_one_text(at->type);
    }
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
            for (const auto& one : found->second) break_family(one.family);
    return true;
}

// An update that leaves the column alone changes nothing that depends on it. The log tells the row
// as it was where the identity is FULL; and of the key's columns where one of them changes.
void changes::break_keys(const watched& by, const changed_row& row) {
    using kind = changed_row::kind;
    using past = changed_row::past;
    if (!by.column || !by.has_one_text) return break_family(by.family);
    const field* after = row.is == kind::deleted ? nullptr : value_in(row, *by.column);
    const field* before = nullptr;
    if (row.is != kind::inserted) {
        const bool is_told = row.known == past::whole || (row.known == past::key && by.is_key);
        if (!is_told && row.known == past::unknown && by.is_key && row.is == kind::updated) return;
        if (!is_told || *by.column >= row.before.size()) return break_family(by.family);
        before = &row.before[*by.column];
    }
    if (row.is != kind::deleted && !after) return break_family(by.family);
    if (before && after && are_same(*before, *after)) return;
    auto& all = open_->what;
    if (all.families.contains(by.family)) return;
    all.keys.insert(by.family + ":all");
    for (const auto* one : {before, after}) {
        if (!one || one->is == field::kind::null) continue;
        if (one->is != field::kind::text) return break_family(by.family);
        all.keys.insert((by.family + ':').append(cache::escaped(one->text)));
    }
    if (all.keys.size() > most_keys_) {
        for (const auto& [id, dependants] : tables_)
            for (const auto& each : dependants) all.families.insert(each.family);
        all.keys.clear();
    }
}

void changes::break_family(const std::string& family) {
    auto& all = open_->what;
    if (!all.families.insert(family).second) return;
    std::erase_if(all.keys, [&](const auto& key) { return key.starts_with(family + ':'); });
}

void gate::add(transaction seen_later) {
    waiting_.push_back({.id = seen_later.id, .what = std::move(seen_later.what)});
    size_ += size_of(waiting_.back());
}

void gate::add_all(const snapshot& at, const std::set<std::string>& families) {
    waiting_.push_back({.wide = 0, .what = {.families = families}});
    for (const auto running : at.running)
        waiting_.push_back({.wide = running, .what = {.families = families}});
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

}  // namespace larder::follow
