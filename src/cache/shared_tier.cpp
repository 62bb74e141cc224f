#include "shared_tier.hpp"

#include <algorithm>
#include <charconv>
#include <functional>

#include "larder/cache/enclosed.hpp"
#include "rules.hpp"

namespace LARDER_NAMESPACE::cache {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

shared_tier::leased answer_of(const valkey::reply& r) {
    if (r.is != valkey::reply::kind::text) return {};
    const auto end = std::min(r.text.find_first_of("=~"), r.text.size());
    const auto word = std::string_view{r.text}.substr(0, end);
    const auto is = word.empty()        ? lease_answer::value
                    : word == "granted" ? lease_answer::granted
                    : word == "busy"    ? lease_answer::busy
                                        : lease_answer::held;
    if (end == r.text.size()) return {is, {}};
    return {is, r.text.substr(end + 1), r.text[end] == '~'};
}

std::string text_of(milliseconds duration) { return std::to_string(duration.count()); }

}  // namespace

// The family ends before one of the colons: how many parameters it has is not known here.
std::string_view shared_tier::family_of(std::string_view key) const {
    auto family = key;
    for (auto end = key.rfind(':'); end != key.npos; end = family.rfind(':')) {
        family = key.substr(0, end);
        if (options_.policies.contains(family)) return family;
        if (std::ranges::find(options_.families, family) != options_.families.end()) return family;
    }
    return {};
}

const family_policy* shared_tier::policy_of(std::string_view key) const {
    if (options_.policies.empty()) return nullptr;
    const auto found = options_.policies.find(family_of(key));
    return found == options_.policies.end() ? nullptr : &found->second;
}

std::size_t shared_tier::largest_of(std::string_view key) const {
    const auto* of = policy_of(key);
    return of ? of->how.largest_value.value_or(options_.largest_value) : options_.largest_value;
}

milliseconds shared_tier::whole_ttl_of(std::string_view key, std::string_view text) const {
    const auto* of = policy_of(key);
    if (!of) return options_.ttl;
    if (of->how.negative_ttl && is_nothing(text)) return *of->how.negative_ttl;
    return of->how.ttl.value_or(options_.ttl);
}

// Whether others may write what nobody tells.
bool shared_tier::doubts() const {
    return options_.unfollowed && !is_followed() && in_force.believe_for_a_short_time_unfollowed;
}

milliseconds shared_tier::longest(std::string_view key, std::string_view text,
                                  bool is_brief) const {
    if (generations_.is_of_one(key)) return generations::live;
    const auto whole = whole_ttl_of(key, text);
    if (!doubts() || whole <= *options_.unfollowed) return whole;
    const bool may_be_older = !is_brief && in_force.believe_only_what_was_stored_for_that;
    return may_be_older ? 0ms : *options_.unfollowed;
}

milliseconds shared_tier::stale_for(std::string_view key) const {
    const auto* of = policy_of(key);
    if (!of || generations_.is_of_one(key)) return 0ms;
    return of->how.stale_for();
}

milliseconds shared_tier::ttl_within(milliseconds longest, std::string_view key) {
    const auto shorter =
        std::hash<std::string_view>{}(key) % static_cast<std::size_t>(longest.count() / 20 + 1);
    return longest - milliseconds{shorter};
}

task<std::optional<shared_tier::kept>> shared_tier::get(const std::string& key) {
    const auto sent = waits_.now();
    std::vector<valkey::command> commands;
    commands.reserve(4);
    const bool asks_whether_brief = doubts();
    // First whether and how long it is to be believed: another value may take its place between the
    // two, and that one is newer.
    if (asks_whether_brief) commands.push_back({"GET", brief_of(key)});
    commands.push_back({"PTTL", key});
    if (client_.is_tracking()) commands.push_back({"CLIENT", "CACHING", "YES"});
    // As much as tells what is too long, which nobody need transfer or hold.
    const auto largest = largest_of(key);
    commands.push_back({"GETRANGE", key, "0", std::to_string(largest)});
    auto replies = co_await client_.call(std::move(commands));
    auto& value = replies.back();
    if (!value.was_answered()) co_return std::nullopt;
    kept result;
    const auto behind = replies.begin() + (asks_whether_brief ? 1 : 0);
    result.is_brief = asks_whether_brief && replies.front().is == valkey::reply::kind::text;
    result.is_tracked = replies.end() - behind == 3 && behind[1].succeeded();
    const auto& ttl = behind->text;
    long left = 0;
    std::from_chars(ttl.data(), ttl.data() + ttl.size(), left);
    const auto longer = stale_for(key);
    result.left = milliseconds{left} - longer;
    result.expires = sent + result.left;
    result.is_stale = left >= 0 && longer > 0ms && result.left <= 0ms;
    const bool has_just_come = left == -2;  // who asks for a lease gets it
    if (value.is != valkey::reply::kind::text || value.text.empty() || has_just_come)
        co_return result;
    // What this service would have written has an end, and no later one.
    const bool has_end = left != -1 && result.left <= longest(key, value.text, result.is_brief);
    // What others write meanwhile would have to be told.
    const bool may_be_stale =
        !options_.unfollowed || is_followed() || !in_force.nothing_stale_unfollowed;
    if (has_end && result.is_stale && !may_be_stale) co_return result;
    const bool is_short = value.text.size() <= largest;
    (has_end && is_short ? result.text : result.unreadable) = std::move(value.text);
    co_return result;
}

task<shared_tier::leased> shared_tier::lease(const std::string& key, const std::string& token,
                                             const std::optional<std::string>& unreadable,
                                             demand of) {
    auto ask = client_.script(script::lease, keys_of(key),
                              {token, text_of(options_.lease), std::to_string(largest_of(key))});
    const auto longer = stale_for(key);
    const bool is_any = of == demand::any;
    if (unreadable || longer > 0ms || !is_any) ask.push_back(unreadable.value_or(""));
    if (longer > 0ms || !is_any) ask.push_back(longer > 0ms ? text_of(longer) : "");
    if (!is_any) ask.push_back(of == demand::anew ? "anew" : "again");
    auto reply = co_await client_.call(std::move(ask));
    co_return answer_of(reply);
}

task<bool> shared_tier::renew(const std::string& key, const std::string& token) {
    const auto how = in_force.renew_only_own_lease ? script::renew : script::lease;
    auto ask = client_.script(how, keys_of(key), {token, text_of(options_.lease)});
    const auto reply = co_await client_.call(std::move(ask));
    co_return reply.text == "1" || reply.text == "granted";
}

task<bool> shared_tier::fill(const std::string& key, const std::string& token,
                             const std::string& text, milliseconds ttl, bool is_brief) {
    const auto lives = ttl + stale_for(key);
    auto keys = keys_of(key);
    keys.push_back(brief_of(key));
    std::vector<std::string> arguments{token, text, text_of(lives)};
    if (is_brief) arguments.push_back(text_of(ttl));
    auto ask = client_.script(script::fill, keys, arguments);
    const auto reply = co_await client_.call(std::move(ask));
    co_return reply.text == "1";
}

task<void> shared_tier::yield(const std::string& key, const std::string& token) {
    auto ask = client_.script(script::yield, keys_of(key), {token});
    const auto reply = co_await client_.call(std::move(ask));
}

task<bool> shared_tier::hold(const std::vector<std::string>& keys, const std::string& writer) {
    return run(script::hold, keys, {writer, text_of(options_.hold)});
}

task<bool> shared_tier::release(const std::vector<std::string>& keys,
                                const std::vector<std::string>& writers,
                                const std::string& transaction) {
    return run(script::release, keys,
               release_arguments(writers, options_.unfollowed ? transaction : ""));
}

// Not all of a long list at once: Valkey would not answer others, or the last of them, in time.
task<bool> shared_tier::run(script::index what, const std::vector<std::string>& keys,
                            std::vector<std::string> arguments) {
    constexpr std::size_t most_at_a_time = 200;
    bool all_are_told = true;
    for (std::size_t first = 0; first < keys.size(); first += most_at_a_time) {
        const auto end = std::min(keys.size(), first + most_at_a_time);
        std::vector<valkey::command> commands;
        commands.reserve(end - first);
        for (auto i = first; i < end; ++i)
            commands.push_back(client_.script(what, keys_of(keys[i]), arguments));
        const auto replies = co_await client_.call(std::move(commands));
        const bool told =
            std::all_of(replies.begin(), replies.end(), [](auto& r) { return r.succeeded(); });
        all_are_told = all_are_told && told;
    }
    co_return all_are_told;
}

}  // namespace LARDER_NAMESPACE::cache
