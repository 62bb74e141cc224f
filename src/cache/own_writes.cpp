#include "larder/cache/own_writes.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <utility>

#include "known_releases.hpp"
#include "rules.hpp"

namespace larder::cache {

namespace {

// Of one key. The hold of one more ends with its time.
constexpr std::size_t max_writers = 1000;

// An announcement has lines: the process that it is of, then keys. The first is there to know one's
// own again. There is no word for all keys: who may announce is not to cost more than he names.
// PostgreSQL takes less than 8000 bytes.
constexpr std::size_t max_announcement = 7'900;

std::string random_name() {
    std::random_device source;
    std::uniform_int_distribution<std::uint64_t> any;
    return std::to_string(any(source));
}

bool is_of(std::string_view key, const std::vector<std::string>& families) {
    return std::any_of(families.begin(), families.end(), [&](const auto& family) {
        return key.size() > family.size() && key.starts_with(family) && key[family.size()] == ':';
    });
}

std::string_view next_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

}  // namespace

struct own_writes::state {
    struct what {
        std::vector<std::string> writers;
        std::uint64_t change = 0, since = 0;  // the last one, and the first
        bool is_own = false;
    };
    explicit state(std::string n) : name(n.empty() ? random_name() : std::move(n)) {}

    const std::string name;
    known_releases released;
    mutable std::mutex mutex;  // guards the rest
    std::map<std::string, what, std::less<>> keys;
    std::uint64_t last_change = 0;
    struct untrue {
        std::uint64_t change = 0, since = 0;  // the last one, and the first
        std::string why;                      // the last time; for people
    };
    std::map<std::string, untrue, std::less<>> families;  // all of them; of the empty name, each
    std::string database;
    std::string run_id;  // of the Valkey that was visited last
    std::map<std::string, std::uint32_t, std::less<>> purged;  // on which visit

    std::size_t size() const { return keys.size() + families.size(); }
    bool is_of_untrue_family(std::string_view key) const {
        if (families.empty()) return false;
        if (families.contains({})) return true;
        for (auto end = key.find(':'); end != key.npos; end = key.find(':', end + 1))
            if (families.contains(key.substr(0, end))) return true;
        return false;
    }
    void remember(const broken_key& broken, bool own, std::size_t most);
    void remember_all_of(const std::string& family, const std::string& why) {
        auto& one = families[family];
        one.why = why;
        one.change = last_change + 1;
        if (one.since == 0) one.since = one.change;
    }
};

// As part of the change that is going on, the one after the last.
void own_writes::state::remember(const broken_key& broken, bool own, std::size_t most) {
    const auto& [key, writer] = broken;
    const auto change = last_change + 1;
    if (keys.size() >= most && !keys.contains(key))
        return remember_all_of({},
                               "more writes than can be remembered waited to be told to Valkey");
    auto& one = keys[key];
    one.change = change;
    if (one.since == 0) one.since = change;
    one.is_own = one.is_own || own;
    auto& writers = one.writers;
    const bool is_known = std::find(writers.begin(), writers.end(), writer) != writers.end();
    if (!writer.empty() && !is_known && writers.size() < max_writers) writers.push_back(writer);
}

own_writes::own_writes(std::size_t max_remembered, std::string name)
    : max_remembered_(max_remembered), state_(std::make_unique<state>(std::move(name))) {}
own_writes::~own_writes() = default;

std::string own_writes::new_name() { return state_->name + '.' + std::to_string(++names_); }

std::uint32_t own_writes::generation(std::string_view key) const {
    return generations_[std::hash<std::string_view>{}(key) % slots].load();
}

void own_writes::count(const std::vector<std::string>& keys) {
    if (!in_force.count_own_writes) return;
    for (const auto& key : keys) ++generations_[std::hash<std::string_view>{}(key) % slots];
}

void own_writes::remember(const std::vector<broken_key>& keys, bool is_announced) {
    if (keys.empty()) return;
    const std::scoped_lock lock{state_->mutex};
    for (const auto& key : keys) state_->remember(key, true, max_remembered_);
    ++state_->last_change;
    remembered_ = state_->size();
    if (!is_announced) ++unannounced_;
}

void own_writes::remember_all_of(const std::set<std::string>& families, const std::string& why) {
    const std::scoped_lock lock{state_->mutex};
    for (const auto& one : families) state_->remember_all_of(one, why);
    ++state_->last_change;
    remembered_ = state_->size();
}

// Who may announce may not make us delete whatever he likes.
bool own_writes::hear(std::string_view announcement, const std::vector<std::string>& families) {
    if (next_line(announcement) == state_->name) return false;
    const std::scoped_lock lock{state_->mutex};
    bool heard = false;
    while (!announcement.empty()) {
        const auto key = next_line(announcement);
        if (!is_of(key, families)) continue;
        heard = true;
        state_->remember({std::string{key}, {}}, false, max_remembered_);
    }
    if (heard) ++state_->last_change;
    remembered_ = state_->size();
    return heard;
}

bool own_writes::concerns(std::string_view announcement, const std::vector<std::string>& families) {
    next_line(announcement);
    while (!announcement.empty())
        if (is_of(next_line(announcement), families)) return true;
    return false;
}

std::vector<std::string> own_writes::announcements(const std::vector<std::string>& keys) const {
    std::vector<std::string> all;
    for (const auto& key : keys) {
        if (all.empty() || all.back().size() + 1 + key.size() > max_announcement)
            all.push_back(state_->name);
        all.back().append(1, '\n').append(key);
    }
    return all;
}

std::vector<std::string> own_writes::announcements() const {
    std::vector<std::string> keys;
    {
        if (!in_force.repeat_announcements) return {};
        const std::scoped_lock lock{state_->mutex};
        for (const auto& [key, one] : state_->keys)
            if (one.is_own) keys.push_back(key);
    }
    return announcements(keys);
}

bool own_writes::is_remembered(std::string_view key) const {
    if (!remembers_any() || !in_force.remember_unreleased) return false;
    const std::scoped_lock lock{state_->mutex};
    return state_->is_of_untrue_family(key) || state_->keys.contains(key);
}

std::vector<own_writes::unreleased> own_writes::some(std::size_t limit) const {
    const std::scoped_lock lock{state_->mutex};
    std::vector<unreleased> result;
    for (const auto& [key, one] : state_->keys) {
        if (result.size() == limit) break;
        result.push_back({key, one.writers, one.change});
    }
    return result;
}

void own_writes::forget(const std::vector<unreleased>& released) {
    const std::scoped_lock lock{state_->mutex};
    for (const auto& one : released) {
        const auto found = state_->keys.find(one.key);
        if (found == state_->keys.end()) continue;
        if (found->second.change == one.change) state_->keys.erase(found);
        else found->second.since = one.change + 1;
    }
    remembered_ = state_->size();
}

std::vector<own_writes::untrue_family> own_writes::untrue_families() const {
    const std::scoped_lock lock{state_->mutex};
    std::vector<untrue_family> all;
    for (const auto& [family, one] : state_->families) all.push_back({family, one.change, one.why});
    return all;
}

std::uint64_t own_writes::last_change() const {
    const std::scoped_lock lock{state_->mutex};
    return state_->last_change;
}

bool own_writes::is_released(std::uint64_t change) const {
    const std::scoped_lock lock{state_->mutex};
    const auto is_later = [&](const auto& one) { return one.second.since > change; };
    return std::ranges::all_of(state_->families, is_later) &&
           std::ranges::all_of(state_->keys, is_later);
}

void own_writes::forget_family(const untrue_family& purged) {
    const std::scoped_lock lock{state_->mutex};
    for (auto& one : generations_) ++one;
    const auto found = state_->families.find(purged.family);
    if (found == state_->families.end()) return;
    if (found->second.change == purged.change) state_->families.erase(found);
    else found->second.since = purged.change + 1;
    remembered_ = state_->size();
}

void own_writes::was_released(const std::string& transaction, const std::vector<std::string>& keys,
                              time_point now) {
    state_->released.add(transaction, keys, now);
}

bool own_writes::is_released_lately(const changed_key& one, time_point now) const {
    return state_->released.have(one, now);
}

std::size_t own_writes::remembered_own() const {
    const std::scoped_lock lock{state_->mutex};
    const auto own = std::count_if(state_->keys.begin(), state_->keys.end(),
                                   [](const auto& one) { return one.second.is_own; });
    return static_cast<std::size_t>(own) + state_->families.size();
}

void own_writes::identify(std::string database) {
    const std::scoped_lock lock{state_->mutex};
    state_->database = std::move(database);
}

std::optional<std::string> own_writes::database() const {
    if (!expects_source_ || !in_force.wait_for_the_source) return "-";
    const std::scoped_lock lock{state_->mutex};
    if (state_->database.empty()) return std::nullopt;
    return state_->database;
}

std::uint32_t own_writes::visit(const std::string& run_id) {
    const std::scoped_lock lock{state_->mutex};
    if (!state_->run_id.empty() && state_->run_id != run_id) ++visit_;
    state_->run_id = run_id;
    return visit_;
}

std::string own_writes::visited() const {
    const std::scoped_lock lock{state_->mutex};
    return state_->run_id;
}

bool own_writes::must_purge(const std::string& family) const {
    if (!in_force.purge_after_another_server) return false;
    const std::scoped_lock lock{state_->mutex};
    const auto found = state_->purged.find(family);
    return visit_ != (found == state_->purged.end() ? 0 : found->second);
}

void own_writes::was_purged(const std::string& family, std::uint32_t visit) {
    const std::scoped_lock lock{state_->mutex};
    auto& last = state_->purged[family];
    last = std::max(last, visit);
}

}  // namespace larder::cache
