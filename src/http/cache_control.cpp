#include "larder/http/cache_control.hpp"

#include <algorithm>

#include "text.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

using std::chrono::seconds;

// Takes the first member off the list. A comma in a quoted string does not end it.
std::string_view take_member(std::string_view& list) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < list.size() && (quoted || list[end] != ','); ++end) {
        if (list[end] == '"') quoted = !quoted;
        if (list[end] == '\\' && quoted) ++end;
    }
    const auto member = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    return trim(member);
}

// A token or a quoted string, with digits in it.
std::optional<seconds> delta_seconds(std::string_view text) {
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    if (quoted) text = text.substr(1, text.size() - 2);
    if (text.empty()) return std::nullopt;
    seconds number{0};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\' && i + 1 < text.size()) ++i;
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        number = std::min(number * 10 + seconds{text[i] - '0'}, any_age);
    }
    return number;
}

// Of several the first counts, and what is no number makes the entry stale (4.2.1).
void set(std::optional<seconds>& to, std::string_view value, seconds strictest) {
    if (!to) to = delta_seconds(value).value_or(strictest);
}

void read(std::string_view member, cache_directives& into) {
    const auto equals = std::min(member.find('='), member.size());
    const bool has_value = equals < member.size();
    const auto value = has_value ? member.substr(equals + 1) : std::string_view{};
    const auto is = [name = member.substr(0, equals)](std::string_view other) {
        return same(name, other);
    };
    if (is("max-age")) set(into.max_age, value, seconds{0});
    if (is("min-fresh")) set(into.min_fresh, value, any_age);
    if (is("max-stale")) set(into.max_stale, value, has_value ? seconds{0} : any_age);
    if (is("no-cache")) into.no_cache = true;
    if (is("no-store")) into.no_store = true;
    if (is("only-if-cached")) into.only_if_cached = true;
}

cache_directives parse(std::string_view list) {
    cache_directives d;
    while (!list.empty()) read(take_member(list), d);
    return d;
}

bool allows(const cache_directives& asked, const entry_times& entry) {
    if (asked.no_cache || (asked.max_age && entry.age > *asked.max_age)) return false;
    if (asked.min_fresh && entry.ttl < *asked.min_fresh) return false;
    return entry.ttl.count() > 0 || (asked.max_stale && -entry.ttl <= *asked.max_stale);
}

}  // namespace

cache_directives parse_cache_directives(std::string_view cache_control, std::string_view pragma) {
    if (!cache_control.empty()) return parse(cache_control);
    return {.no_cache = parse(pragma).no_cache};
}

// All directives of requests are advice (5.2.1). Without `client_reload` those count that spare
// the source, and no others: no-store could repeat the load of a missing entry at will.
cache_plan plan(const cache_directives& asked, bool client_reload,
                const std::optional<entry_times>& entry) {
    const auto heeded = client_reload ? asked
                                      : cache_directives{.max_stale = asked.max_stale,
                                                         .only_if_cached = asked.only_if_cached};
    if (entry && allows(heeded, *entry)) return cache_plan::use;
    if (heeded.only_if_cached) return cache_plan::refuse;
    return heeded.no_store ? cache_plan::load : cache_plan::load_and_store;
}

// No-cache forbids to use a stale answer at any time (4.2.4), so it stands alone.
std::string cache_control(const client_policy& policy) {
    std::string text;
    const auto add = [&text](std::string_view name, seconds value) {
        if (value.count() == 0) return;
        text.append(", ").append(name) += std::to_string(value.count());
    };
    add("stale-while-revalidate=", policy.stale_while_revalidate);
    add("stale-if-error=", policy.stale_if_error);
    if (text.empty() && policy.max_age.count() == 0) return "no-cache";
    return "max-age=" + std::to_string(policy.max_age.count()) + text;
}

}  // namespace LARDER_NAMESPACE::http
