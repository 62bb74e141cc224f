#include "cache_desk.hpp"

#include <utility>

#include "cache/generations.hpp"
#include "cache/notes.hpp"
#include "cache/scripts.hpp"
#include "cache/trust.hpp"
#include "larder/cache/enclosed.hpp"
#include "larder/cache/escaped.hpp"

namespace LARDER_NAMESPACE::admin {

using valkey::command;
using valkey::reply;

namespace {

constexpr auto why_purged = "cache purge";  // in Valkey, for people

std::optional<std::string> text_in(const reply& said) {
    if (said.is != reply::kind::text) return std::nullopt;
    return said.text;
}

// As cache::to_text() begins a value that is no plain number.
std::optional<std::string> fingerprint_in(std::string_view value) {
    using namespace cache::detail;
    if (!value.starts_with(opening_begins) || value.size() < opening_begins.size() + shape_digits)
        return std::nullopt;
    return std::string{value.substr(opening_begins.size(), shape_digits)};
}

cache::tiers_options options_of(const cache_names& names) {
    cache::tiers_options all;
    all.families = names.full_names();
    all.declared = names.declared();
    return all;
}

// How many holds of a key have not ended.
command count_holds(const std::string& key, const std::string& now) {
    return {"ZCOUNT", cache::keys_of(key)[2], '(' + now, "+inf"};
}

// Beside what Valkey holds for the key: whether any instance would answer from it.
void judge_value(entry_report& all, const reply& type, const reply& value, std::int64_t left,
                 std::size_t most) {
    all.is_there = type.text != "none";
    if (!all.is_there) return;
    if (left >= 0) all.ttl_ms = left;
    if (type.text != "string") {
        all.unusable = "it is a " + type.text + " and no string";
        return;
    }
    if (value.text.size() > most) {
        all.unusable = "it is longer than " + std::to_string(most) + " bytes";
        return;
    }
    all.value = value.text;
    all.fingerprint = fingerprint_in(value.text);
    if (left < 0) all.unusable = "it has no end, so it was put there by somebody else";
}

}  // namespace

cache_desk::cache_desk(valkey::asker& asks, const cache_names& names)
    : asks_(asks), names_(names), options_(options_of(names)) {}

task<reply> cache_desk::ask(command only) {
    std::vector<command> commands;
    commands.push_back(std::move(only));
    auto said = co_await asks_.ask(std::move(commands));
    co_return std::move(said.front());
}

// In milliseconds since 1970, by the server's clock, as holds are.
task<std::string> cache_desk::now() {
    command time(1, "TIME");
    const auto said = co_await ask(std::move(time));
    co_return std::to_string(said.milliseconds());
}

// Nothing if there is none, or if the family is of another kind.
task<std::optional<std::string>> cache_desk::generation(const cache::key& family) {
    if (!family.is_by_generation()) co_return std::nullopt;
    command get{"GET", cache::generation_of(names_.full(family.family()))};
    const auto said = co_await ask(std::move(get));
    auto text = text_in(said);
    if (text && !cache::generations::is_generation(*text)) text.reset();
    co_return text;
}

task<entry_report> cache_desk::get(std::string key) {
    const auto named = names_.entry(key);
    entry_report all{.key = named.key, .family = std::string{named.family->family()}};
    all.generation = co_await generation(*named.family);
    if (named.family->is_by_generation() && !all.generation) co_return all;
    auto at = named.kept_as;
    if (all.generation)
        at = cache::generations::entry(names_.full(all.family), *all.generation, at);
    all.kept_as = at;
    const auto time = co_await now();
    const auto of_entry = cache::keys_of(at);
    std::vector<command> questions;
    questions.push_back({"PTTL", at});
    questions.push_back({"TYPE", at});
    const auto largest = named.family->policy().largest_value.value_or(options_.largest_value);
    questions.push_back({"GETRANGE", at, "0", std::to_string(largest)});
    questions.push_back({"GET", of_entry[1]});
    questions.push_back(count_holds(at, time));
    const auto said = co_await asks_.ask(std::move(questions));
    judge_value(all, said[1], said[2], said[0].number(), largest);
    all.loaded_by = text_in(said[3]);
    all.holds = said[4].number();
    co_return all;
}

// Where a family has no generation now, no entry of it can be read either.
task<invalidation_report> cache_desk::invalidate(std::vector<std::string> keys) {
    std::vector<named_entry> named;
    named.reserve(keys.size());
    for (const auto& key : keys) named.push_back(names_.entry(key));
    invalidation_report all;
    const auto time = co_await now();
    for (const auto& one : named) {
        const auto current = co_await generation(*one.family);
        auto at = one.kept_as;
        if (current)
            at = cache::generations::entry(names_.full(one.family->family()), *current, at);
        else if (one.family->is_by_generation())
            at = cache::generation_of(names_.full(one.family->family()));
        const std::vector<std::string> nobody;
        std::vector<command> commands;
        commands.push_back({"TYPE", at});
        commands.push_back({"GET", cache::keys_of(at)[1]});
        commands.push_back(count_holds(at, time));
        commands.push_back(asks_.client().script(cache::script::release, cache::keys_of(at),
                                                 cache::release_arguments(nobody)));
        const auto said = co_await asks_.ask(std::move(commands));
        all.invalidated.push_back({.key = one.key,
                                   .had_entry = said[0].text != "none",
                                   .refused_fill = text_in(said[1]).has_value(),
                                   .holds = said[2].number()});
    }
    co_return all;
}

task<purge_report> cache_desk::purge(std::string name) {
    const auto& family = names_.family(name);
    const auto full = names_.full(name);
    purge_report all{.family = name};
    if (family.is_by_generation()) {
        const std::vector<std::string> nobody;
        const auto keys = cache::keys_of(cache::generation_of(full));
        std::vector<command> commands;
        commands.push_back(
            asks_.client().script(cache::script::release, keys, cache::release_arguments(nobody)));
        commands.push_back(cache::note_of_purge(full, why_purged));
        co_await asks_.ask(std::move(commands));
        co_return all;
    }
    const auto me = own_.new_name();
    cache::trust walks{asks_.waiting(), asks_.client(), own_, options_, me};
    const cache::trust::of_family is_of_it = [this, &name](std::string_view key) {
        const auto found = names_.find(key);
        return found && names_.families()[found->family].family() == name;
    };
    const auto purged = co_await walks.purge(asks_.client().life(), full, why_purged, &is_of_it);
    if (!purged) {
        const std::vector<std::string> families(1, full);
        const auto why = co_await why_not_purged(families, me);
        throw cache_error(why);
    }
    all.entries = static_cast<std::int64_t>(*purged);
    co_return all;
}

// Another one has a lock of these, or Valkey has refused something. Who tries again then is not to
// meet the lock of before.
task<cache_error> cache_desk::why_not_purged(std::vector<std::string> families, std::string by) {
    const auto why = asks_.failure();
    std::vector<command> ends;
    for (const auto& family : families) {
        command get{"GET", cache::marks_of(family)[1]};
        const auto owner = co_await ask(std::move(get));
        if (owner.is == reply::kind::text && owner.text != by)
            co_return cache_error(
                owner.text + " deletes the entries of " + family + " already: try again", false);
        ends.push_back(asks_.client().script(cache::script::unlock, cache::marks_of(family), {by}));
    }
    co_await asks_.client().call(std::move(ends), valkey::urgency::background);
    co_return why;
}

task<purge_report> cache_desk::take_over(std::string database) {
    const auto me = own_.new_name();
    own_.expect_source();
    own_.identify(std::move(database));
    cache::trust walks{asks_.waiting(), asks_.client(), own_, options_, me};
    const auto purged = co_await walks.take_over();
    if (!purged) {
        const auto why = co_await why_not_purged(options_.families, me);
        throw cache_error(why);
    }
    co_return purge_report{.entries = static_cast<std::int64_t>(*purged)};
}

}  // namespace LARDER_NAMESPACE::admin
