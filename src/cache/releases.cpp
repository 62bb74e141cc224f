#include "releases.hpp"

#include <utility>

#include "scripts.hpp"

namespace LARDER_NAMESPACE::cache {

using namespace std::chrono_literals;

namespace {

constexpr auto release_every = 100ms;
constexpr std::size_t batch = 256;

}  // namespace

// At a server that all instances believe.
void releases::soon() {
    if (stopped_ || running_) return;
    last_ = waits_.now();
    home_.start(run());
}

void releases::tick() {
    if (own_.remembers_any() && waits_.now() - last_ >= release_every) soon();
}

task<void> releases::run() {
    running_ = true;
    bool got_through = true;
    while (!stopped_ && trust_.is_trusted() && got_through && own_.remembers_any())
        got_through = co_await some();
    running_ = false;
}

task<bool> releases::some() {
    const bool all_true = co_await purge_untrue();
    if (!all_true) co_return false;
    const auto some = own_.some(batch);
    if (some.empty()) co_return true;
    std::vector<valkey::command> commands;
    commands.reserve(some.size());
    for (const auto& one : some)
        commands.push_back(
            client_.script(script::release, keys_of(one.key), release_arguments(one.writers)));
    const auto replies = co_await client_.call(std::move(commands), valkey::urgency::background);
    std::vector<own_writes::unreleased> released;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < some.size(); ++i) {
        if (!replies[i].succeeded()) continue;
        released.push_back(some[i]);
        keys.push_back(some[i].key);
    }
    own_.count(keys);
    own_.forget(released);
    co_return released.size() == some.size();
}

// A family that is untrue by itself, too, was purged with all of them. Each walk needs the lock,
// for which others wait.
task<bool> releases::purge_untrue() {
    const auto untrue = own_.untrue_families();
    std::set<std::string> walked;
    for (const auto& one : untrue) {
        const bool purged = co_await purge(one, walked);
        if (!purged) co_return false;
    }
    co_return true;
}

task<bool> releases::purge(own_writes::untrue_family one, std::set<std::string>& walked) {
    const auto life = client_.life();
    const std::vector<std::string> alone(1, one.family);
    for (const auto& family : one.family.empty() ? options_.families : alone) {
        if (!walked.insert(family).second) continue;
        const auto purged = co_await trust_.purge(life, family, one.why);
        if (!purged) co_return false;
    }
    own_.forget_family(one);
    co_return true;
}

}  // namespace LARDER_NAMESPACE::cache
