#include "simulation/model_valkey.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <unordered_map>

#include "cache/notes.hpp"
#include "cache/scripts.hpp"

namespace larder::simulation {

namespace {

using valkey::reply;

const std::array<std::string, max_keys> fixed_names{"num_orders:all", "num_orders:1",
                                                    "num_orders:2"};

reply said(std::string text) { return {.is = reply::kind::text, .text = std::move(text)}; }
reply refused(std::string text) { return {.is = reply::kind::error, .text = std::move(text)}; }
reply listed(std::vector<std::string> all) {
    return {.is = reply::kind::list, .list = std::move(all)};
}

msec number(const std::string& text) { return std::atoll(text.c_str()); }

// Scripts have their numbers for digests.
std::string digest_of(const std::string& script) {
    const auto& all = cache::scripts();
    const auto found = std::find(all.begin(), all.end(), script);
    if (found == all.end()) throw std::logic_error{"not a script of larder's"};
    return std::to_string(found - all.begin());
}

}  // namespace

const std::string& key_name(std::size_t key) { return fixed_names[key]; }

model_valkey::model_valkey(std::string name) : name_(std::move(name)) {
    names_.assign(fixed_names.begin(), fixed_names.end());
    names_.push_back(cache::marks_of(family).front());
}

namespace {

void add_places(std::unordered_map<std::string, model_valkey::place>& all, const std::string& name,
                std::size_t key) {
    using kind = model_valkey::place::kind;
    const auto of = cache::keys_of(name);
    all[of[0]] = {kind::value, key};
    all[of[1]] = {kind::lease, key};
    all[of[2]] = {kind::hold, key};
    all[cache::brief_of(name)] = {kind::brief, key};
}

}  // namespace

model_valkey::place model_valkey::find(const std::string& name) {
    static const auto places = [] {
        std::unordered_map<std::string, place> all;
        for (std::size_t k = 0; k < max_keys; ++k) add_places(all, fixed_names[k], k);
        const auto marks = cache::marks_of(family);
        all[marks[0]] = {place::kind::mark, max_keys};
        all[marks[1]] = {place::kind::lock, max_keys};
        all[cache::sign_of({family}, {})] = {place::kind::sign, max_keys};
        all[cache::purge_note_of(family)] = {place::kind::note, max_keys};
        return all;
    }();
    if (const auto known = places.find(name); known != places.end()) return known->second;
    const auto known = more_places_.find(name);
    return known != more_places_.end() ? known->second : add(name);
}

// An entry of a generation: num_orders:<generation>:1
model_valkey::place model_valkey::add(const std::string& name) {
    auto whose = name;
    if (name.ends_with("}:brief")) whose = name.substr(1, name.rfind('}') - 1);
    if (!whose.starts_with(std::string{family} + ':'))
        throw std::logic_error{"an unknown key: " + name};
    add_places(more_places_, whose, names_.size());
    names_.push_back(whose);
    data_.of.resize(names_.size());
    tracked_.resize(names_.size());
    return more_places_.at(name);
}

// Who touches a key finds it gone if its time is over, and those who watch it are told.
model_valkey::entry& model_valkey::fresh(std::size_t key, msec now) {
    auto& e = data_.of[key];
    if (e.value && e.value_until <= now) delete_value(key);
    if (e.lease_until <= now) e.lease.clear();
    if (e.holds_until <= now) delete_holds(key);
    return e;
}

void model_valkey::changed(std::size_t key) {
    for (const auto connection : std::exchange(tracked_[key], {}))
        pushes.push_back({connection, names_[key]});
}

void model_valkey::delete_holds(std::size_t key) {
    data_.of[key].holds.clear();
    data_.of[key].released.clear();
}

void model_valkey::delete_value(std::size_t key) {
    if (!std::exchange(data_.of[key].value, std::nullopt)) return;
    changed(key);
}

void model_valkey::set_mark(std::string text) {
    data_.mark = std::move(text);
    changed(max_keys);
}

bool model_valkey::has_holds(std::size_t key, msec now) const {
    const auto& e = data_.of[key];
    return e.holds_until > now &&
           std::any_of(e.holds.begin(), e.holds.end(), [now](auto& h) { return h.until > now; });
}

std::vector<std::string> model_valkey::holders(std::size_t key, msec now) const {
    std::vector<std::string> writers;
    if (!has_holds(key, now)) return writers;
    for (const auto& h : data_.of[key].holds)
        if (h.until > now) writers.push_back(h.writer);
    return writers;
}

std::optional<model_valkey::kept> model_valkey::value(const std::string& name, msec now) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return std::nullopt;
    const auto& e = data_.of[static_cast<std::size_t>(found - names_.begin())];
    if (!e.value || e.value_until <= now) return std::nullopt;
    return kept{*e.value, e.value_until};
}

// ---- Scripts.

std::string model_valkey::lease(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    const bool is_there = e.value && (arguments.size() < 4 || e.value != arguments[3]);
    const bool ends_early = arguments.size() > 4 && !arguments[4].empty();
    const bool is_stale = is_there && ends_early && e.value_until - now <= number(arguments[4]);
    const bool is_value = is_there && !is_stale;
    const std::string demand = arguments.size() > 5 ? arguments[5] : "";
    if (is_value && demand.empty()) return '=' + *e.value;
    std::string was;
    if (!demand.empty()) was = is_value ? '=' + *e.value : is_stale ? "~" : "";
    if (demand == "anew" || (is_value && demand == "again")) {
        delete_value(key);
        e.lease.clear();
    }
    if (has_holds(key, now)) return "held" + was;
    if (!e.lease.empty() && e.lease != arguments[0]) return "busy" + was;
    e.lease = arguments[0];
    e.lease_until = now + number(arguments[1]);
    return "granted" + was;
}

std::string model_valkey::renew(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    if (e.lease != arguments[0]) return "0";
    e.lease_until = now + number(arguments[1]);
    return "1";
}

std::string model_valkey::yield(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    if (e.lease == arguments[0]) e.lease.clear();
    return "1";
}

std::string model_valkey::fill(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    if (checks_lease && (e.lease != arguments[0] || has_holds(key, now))) return "0";
    e.value = arguments[1];
    e.value_until = now + number(arguments[2]);
    e.brief_until = arguments.size() > 3 ? now + number(arguments[3]) : 0;
    e.lease.clear();
    changed(key);
    return "1";
}

std::string model_valkey::hold(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    const auto until = now + number(arguments[1]);
    delete_value(key);
    e.lease.clear();
    std::erase_if(e.holds, [&](auto& h) { return h.until <= now || h.writer == arguments[0]; });
    std::erase_if(e.released, [&](auto& one) { return one.until <= now; });
    if (e.holds.empty() && e.released.empty()) e.holds_until = now;
    e.holds.push_back({arguments[0], until});
    e.holds_until = std::max(e.holds_until, until);
    return "1";
}

std::string model_valkey::release(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    delete_value(key);
    e.lease.clear();
    const auto writers = arguments.subspan(2);
    std::erase_if(e.holds, [&](auto& h) {
        return std::find(writers.begin(), writers.end(), h.writer) != writers.end();
    });
    if (arguments[0].empty()) return "1";
    const auto until = now + number(arguments[1]);
    const auto is_over = [&](auto& one) { return one.until <= now; };
    std::erase_if(e.released, is_over);
    std::erase_if(e.holds, is_over);
    if (e.holds.empty() && e.released.empty()) e.holds_until = now;
    std::erase_if(e.released, [&](auto& one) { return one.writer == arguments[0]; });
    e.released.push_back({arguments[0], until});
    e.holds_until = std::max(e.holds_until, until);
    return "1";
}

std::string model_valkey::forget(std::size_t key, texts arguments, msec now) {
    auto& e = fresh(key, now);
    const auto is_released = [&](const auto& transaction) {
        return std::ranges::any_of(
            e.released, [&](auto& one) { return one.writer == transaction && one.until > now; });
    };
    if (std::ranges::all_of(arguments, is_released)) return "0";
    delete_value(key);
    e.lease.clear();
    return "1";
}

std::string model_valkey::lock(texts arguments, msec now) {
    if (data_.purging_until <= now) data_.purging.clear();
    const bool is_anothers = !data_.purging.empty() && data_.purging != arguments[0];
    if (is_anothers) return "0";
    if (data_.purging.empty()) data_.purging_since = now;
    data_.purging = arguments[0];
    data_.purging_until = now + number(arguments[1]);
    return "1";
}

std::string model_valkey::unlock(texts arguments) {
    if (data_.purging == arguments[0]) data_.purging.clear();
    return "1";
}

std::string model_valkey::mark(texts arguments, msec now) {
    const bool is_own = data_.purging == arguments[0] && data_.purging_until > now;
    if (!is_own) return "0";
    set_mark(arguments[1]);
    data_.purging.clear();
    return "1";
}

reply model_valkey::run_script(const command& words, msec now) {
    auto digest = words[1];
    if (words[0] == "EVAL") {
        digest = digest_of(words[1]);
        scripts_loaded_ = true;
    }
    if (!scripts_loaded_) return refused("NOSCRIPT No matching script.");
    const auto of = find(words[3]);
    const auto keys = static_cast<std::size_t>(number(words[2]));
    const texts arguments{words.begin() + 3 + static_cast<std::ptrdiff_t>(keys), words.end()};
    switch (number(digest)) {
        case cache::script::lease: return said(lease(of.key, arguments, now));
        case cache::script::fill: return said(fill(of.key, arguments, now));
        case cache::script::yield: return said(yield(of.key, arguments, now));
        case cache::script::hold: return said(hold(of.key, arguments, now));
        case cache::script::release: return said(release(of.key, arguments, now));
        case cache::script::renew: return said(renew(of.key, arguments, now));
        case cache::script::forget: return said(forget(of.key, arguments, now));
        case cache::script::lock: return said(lock(arguments, now));
        case cache::script::unlock: return said(unlock(arguments));
        case cache::script::mark: return said(mark(arguments, now));
        default: throw std::logic_error{"an unknown script"};
    }
}

// ---- Commands.

reply model_valkey::execute(std::uint32_t connection, const command& words, msec now) {
    const auto& verb = words[0];
    const bool tracks = std::erase(caching_, connection) > 0;
    if (verb == "PING") return said("PONG");
    if (verb == "CLIENT") {
        if (words[1] == "CACHING") caching_.push_back(connection);
        return said("OK");
    }
    if (verb == "SCRIPT") {
        scripts_loaded_ = true;
        return said(digest_of(words[2]));
    }
    if (verb == "TIME")
        return listed({std::to_string(now / 1'000), std::to_string(now % 1'000 * 1'000)});
    if (verb == "CONFIG") return listed({"io-threads", "1"});
    if (verb == "INFO" && words[1] == "replication")
        return said(std::string{"# Replication\r\nrole:"} + (is_replica ? "slave" : "master") +
                    "\r\nmaster_replid:" + std::to_string(promotions_) + "\r\n");
    if (verb == "INFO") return said("# Server\r\nrun_id:" + run() + "\r\nport:1\r\n");
    if (verb == "GET" || verb == "GETRANGE") return get(tracks ? connection : 0, words[1], now);
    if (verb == "PTTL") return pttl(words[1], now);
    if (verb == "SCAN") return scan(words, now);
    if (is_replica) return refused("READONLY You can't write against a read only replica.");
    if (verb == "EVALSHA" || verb == "EVAL") return run_script(words, now);
    if (verb == "SET" && find(words[1]).is == place::kind::sign) {
        data_.followed_until = number(words[4]) + (words[3] == "PX" ? now : 0);
        return said("OK");
    }
    if (verb == "SET" && find(words[1]).is == place::kind::note) return said("OK");
    if (verb != "DEL") throw std::logic_error{"an unknown command: " + verb};
    for (std::size_t i = 1; i < words.size(); ++i) del(words[i]);
    return said(std::to_string(words.size() - 1));
}

reply model_valkey::get(std::uint32_t connection, const std::string& name, msec now) {
    const auto of = find(name);
    auto& watching = tracked_[of.key];
    const bool watches = std::find(watching.begin(), watching.end(), connection) != watching.end();
    if (of.is == place::kind::value) fresh(of.key, now);
    if (connection != 0 && !watches) watching.push_back(connection);
    if (of.is == place::kind::mark)
        return data_.mark.empty() ? reply{.is = reply::kind::nothing} : said(data_.mark);
    const auto& e = data_.of[of.key];
    if (of.is == place::kind::brief)
        return e.brief_until > now ? said("1") : reply{.is = reply::kind::nothing};
    return e.value ? said(*e.value) : reply{.is = reply::kind::nothing};
}

reply model_valkey::pttl(const std::string& name, msec now) {
    const auto of = find(name);
    if (of.is == place::kind::sign)
        return said(std::to_string(is_followed(now) ? data_.followed_until - now : -2));
    const auto& e = fresh(of.key, now);
    return said(std::to_string(e.value ? e.value_until - now : -2));
}

// A key a step; what comes between them may change what is found.
reply model_valkey::scan(const command& words, msec now) {
    const auto k = static_cast<std::size_t>(number(words[1]));
    const bool is_of_leases = words[3].ends_with("}:lease");
    const auto next = k + 1 == max_keys ? max_keys + 1 : k + 1;  // the mark is of none
    std::vector<std::string> found{std::to_string(next < names_.size() ? next : 0)};
    const auto& e = fresh(k, now);
    if (is_of_leases && !e.lease.empty()) found.push_back(cache::keys_of(names_[k])[1]);
    if (!is_of_leases && e.value) found.push_back(names_[k]);
    return listed(std::move(found));
}

void model_valkey::del(const std::string& name) {
    const auto of = find(name);
    switch (of.is) {
        case place::kind::value: delete_value(of.key); break;
        case place::kind::lease: data_.of[of.key].lease.clear(); break;
        case place::kind::hold: delete_holds(of.key); break;
        case place::kind::brief: data_.of[of.key].brief_until = 0; break;
        case place::kind::mark: set_mark({}); break;
        case place::kind::lock: data_.purging.clear(); break;
        case place::kind::sign: data_.followed_until = 0; break;
        case place::kind::note: break;
    }
}

// ---- What happens to it.

void model_valkey::restart(bool with_old_data) {
    data_ = with_old_data ? saved_ : everything{};
    saved_ = data_;
    data_.of.resize(names_.size());
    for (auto& watching : tracked_) watching.clear();
    caching_.clear();
    pushes.clear();
    scripts_loaded_ = false;
    ++run_;
}

void model_valkey::demote(msec now) {
    if (!is_replica) demoted_at = now;
    is_replica = true;
}

void model_valkey::promote(msec now) {
    promoted_at = now;
    is_replica = false;
    ++promotions_;
}

void model_valkey::flush() {
    data_ = {};
    data_.of.resize(names_.size());
    std::vector<std::uint32_t> told;
    for (auto& watching : tracked_)
        for (const auto c : std::exchange(watching, {}))
            if (std::find(told.begin(), told.end(), c) == told.end()) told.push_back(c);
    for (const auto c : told) pushes.push_back({c, std::nullopt});
}

std::size_t model_valkey::expire(msec now) {
    std::size_t count = 0;
    for (std::size_t k = 0; k < names_.size(); ++k) {
        const bool had_value = data_.of[k].value.has_value();
        fresh(k, now);
        if (had_value && !data_.of[k].value) ++count;
    }
    return count;
}

void model_valkey::forget_connection(std::uint32_t connection) {
    for (auto& watching : tracked_) std::erase(watching, connection);
    std::erase(caching_, connection);
}

}  // namespace larder::simulation
