#include "trust.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "notes.hpp"
#include "rules.hpp"
#include "scripts.hpp"

namespace larder::cache {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using valkey::urgency;

namespace {

constexpr auto start_within = 1s;           // then requests are answered without the shared tier
constexpr auto trust_every = 500ms;         // at least
constexpr std::size_t longest_mark = 1000;  // what is longer is none of ours

}  // namespace

trust::trust(waits& w, valkey::client& client, own_writes& own, const tiers_options& options,
             std::string worker)
    : waits_(w),
      client_(client),
      own_(own),
      options_(options),
      worker_(std::move(worker)),
      between_(w) {}

void trust::begin() { home_.start(look(client_.life())); }

void trust::end() {
    trusted_life_ = 0;
    done();
}

void trust::stop() {
    stopped_ = true;
    between_.end();
    done();
}

void trust::done() {
    for (const auto one : std::exchange(settling_, {})) waits_.end(one);
}

// All workers of a process talk to one server. Where another one was led to another, this one's
// connection may be to a server that nobody else writes to.
void trust::tick() {
    const bool is_elsewhere =
        client_.life() != 0 && trusted_life_ == client_.life() && visit_ != own_.last_visit();
    if (is_elsewhere) client_.reconnect("its address leads to another server now");
    // One of the same name took the database's place.
    else if (is_trusted() && own_.database() != database_) look_again();
}

void trust::look_again() {
    trusted_life_ = 0;
    begin();
}

bool trust::changed(std::string_view key) {
    const bool is_mark = std::any_of(options_.families.begin(), options_.families.end(),
                                     [&](auto& f) { return marks_of(f).front() == key; });
    if (is_mark) all_changed();
    return is_mark;
}

// Also by its own change of a mark a connection is told of the next one only when it has read
// again.
void trust::all_changed() {
    ++changes_;
    if (is_trusted()) look_again();
}

task<void> trust::settled() {
    if (client_.life() == 0 || is_trusted() || stopped_) co_return;
    settling_.push_back(waits_.make());
    co_await waits_.until(settling_.back(), waits_.now() + start_within);
}

// Until it succeeds or the connection has gone; the next connection starts anew.
task<void> trust::look(std::uint64_t life) {
    milliseconds pause = 20ms;
    const auto patient_until = waits_.now() + start_within;
    if (!in_force.purge_before_trust) trusted_life_ = life;
    while (!stopped_ && client_.life() == life && trusted_life_ != life) {
        const auto before = changes_;
        auto found = co_await ask(life);
        if (client_.life() != life) break;
        if (found == verdict::trusted && changes_ != before) found = verdict::not_yet;
        if (found == verdict::trusted) {
            trusted_life_ = life;
            told_.clear();
            client_.trusted();
        }
        if (found == verdict::trusted || stopped_) break;
        if (found == verdict::not_yet && told_ != why_not_ && waits_.now() > patient_until) {
            told_ = why_not_;
            spdlog::warn("Valkey is not used yet: {}", why_not_);
        }
        co_await between_(pause);
        pause = std::min<milliseconds>(pause * 2, trust_every);
    }
    done();
}

// Between two steps the connection may be replaced, by one to another server, of which nothing is
// known. So all steps are taken on one.
task<std::vector<valkey::reply>> trust::tell(std::uint64_t life,
                                             std::vector<valkey::command> commands) {
    if (client_.life() != life && in_force.trust_on_one_connection)
        co_return std::vector<valkey::reply>(commands.size());
    co_return co_await client_.call(std::move(commands), urgency::background);
}

task<valkey::reply> trust::tell(std::uint64_t life, valkey::command only) {
    std::vector<valkey::command> commands;
    commands.push_back(std::move(only));
    auto replies = co_await tell(life, std::move(commands));
    co_return std::move(replies.front());
}

task<trust::verdict> trust::ask(std::uint64_t life) {
    const auto database = own_.database();
    why_not_ = "PostgreSQL has not answered yet";
    if (!database) co_return verdict::not_yet;
    why_not_ =
        "it has to answer INFO, SCAN and EVALSHA, and GETRANGE, GET, SET and DEL of the cache's "
        "keys and of *larder:trusted:*, as docs/reference.md says; and PostgreSQL has to answer";
    const auto run = co_await run_id(life);
    if (run.empty() || client_.life() != life) co_return verdict::not_yet;
    visit_ = own_.visit(run);
    for (const auto& family : options_.families) {
        const auto one = co_await ask_family(life, family, run, *database);
        if (one != verdict::trusted) co_return one;
    }
    own_.found_foreign(false);
    database_ = *database;
    co_return verdict::trusted;
}

// One instance purges; the others look again until it has put the mark. It is read as values are,
// so that whoever changes it later is heard of.
task<trust::verdict> trust::ask_family(std::uint64_t life, std::string family, std::string run,
                                       std::string database) {
    std::vector<valkey::command> commands;
    if (client_.is_tracking()) commands.push_back({"CLIENT", "CACHING", "YES"});
    commands.push_back({"GETRANGE", marks_of(family).front(), "0", std::to_string(longest_mark)});
    const auto replies = co_await tell(life, std::move(commands));
    const auto& found = replies.back();
    if (!found.was_answered()) co_return verdict::not_yet;
    const auto mark = run + ' ' + database;
    const auto space = found.text.find(' ');
    const bool has_owner = found.is == valkey::reply::kind::text && space != std::string::npos &&
                           found.text.size() <= longest_mark;
    if (has_owner && found.text.substr(space + 1) != database) {
        if (own_.found_foreign(true)) say_foreign(family);
        co_return verdict::foreign;
    }
    const auto rights =
        std::exchange(why_not_, "PostgreSQL has not said which Valkey was used last");
    const auto known = co_await recorded(family);
    if (known.is == server_record::kind::unknown) co_return verdict::not_yet;
    const bool is_kept = known.is == server_record::kind::kept;
    const bool was_elsewhere = is_kept && !known.server.empty() && known.server != run;
    if (found.text != mark || was_elsewhere || own_.must_purge(family)) {
        const auto visit = visit_;
        why_not_ = "what it may remember wrongly is being deleted, by this process or another one";
        const std::string why = !has_owner           ? "Valkey was empty"
                                : found.text != mark ? "Valkey was started anew or replaced"
                                                     : "another Valkey was used meanwhile";
        const auto purged = co_await purge_and_mark(life, family, mark, why);
        if (!purged) co_return verdict::not_yet;
        own_.was_purged(family, visit);
        if (*purged > 0)
            spdlog::info(
                "Purged {} entries of {}: Valkey was started anew or replaced, and may remember "
                "what was invalidated",
                *purged, family);
    }
    if (is_kept && known.server != run) {
        const bool is_recorded = co_await memory_.write(family, known.server, run);
        if (!is_recorded) co_return verdict::not_yet;
    }
    why_not_ = rights;
    co_return verdict::trusted;
}

task<server_record> trust::recorded(std::string family) {
    if (!memory_.read || !in_force.ask_the_source_for_the_server)
        co_return server_record{.is = server_record::kind::not_kept};
    auto known = co_await memory_.read(std::move(family));
    co_return known;
}

void trust::say_foreign(const std::string& family) const {
    spdlog::error(
        "Valkey holds {} of another PostgreSQL database, so it is not used, and every answer comes "
        "from PostgreSQL: set CACHE_PREFIX to a name of this service's own. If this database took "
        "the other one's place (it was restored, say), run: {} cache purge",
        family, options_.program);
}

// How many values.
task<std::optional<std::size_t>> trust::purge_and_mark(std::uint64_t life, std::string family,
                                                       std::string mark, std::string why) {
    auto purged = co_await purge_locked(life, family);
    if (!purged) co_return std::nullopt;
    std::vector<valkey::command> commands;
    commands.push_back(note_of_purge(family, why));
    commands.push_back(client_.script(script::mark, marks_of(family), {worker_, std::move(mark)}));
    const auto replies = co_await tell(life, std::move(commands));
    if (replies.back().text != "1") co_return std::nullopt;
    co_return purged;
}

task<bool> trust::lock(std::uint64_t life, std::string family) {
    auto take = client_.script(script::lock, marks_of(family),
                               {worker_, std::to_string(options_.purge_lock.count())});
    const auto now = waits_.now();
    const auto taken = co_await tell(life, std::move(take));
    if (taken.text == "1") lock_renewed_ = now;
    co_return taken.text == "1";
}

task<std::optional<std::size_t>> trust::purge(std::uint64_t life, std::string family,
                                              std::string why, const of_family* only) {
    const auto purged = co_await purge_locked(life, family, only);
    std::vector<valkey::command> commands;
    commands.push_back(note_of_purge(family, why));
    commands.push_back(client_.script(script::unlock, marks_of(family), {worker_}));
    if (purged) co_await tell(life, std::move(commands));
    co_return purged;
}

task<std::optional<std::size_t>> trust::purge_locked(std::uint64_t life, std::string family,
                                                     const of_family* only) {
    const bool locked = co_await lock(life, family);
    if (!locked) co_return std::nullopt;
    const auto leases = co_await walk(life, family, "{" + family + ":*}:lease", only);
    if (!leases) co_return std::nullopt;
    const auto purged = co_await walk(life, family, family + ":*", only);
    if (purged) ++purges_;
    if (purged) purged_entries_ += *purged;
    co_return purged;
}

// In small steps. Who lost the lock leaves the rest to whoever has it.
task<std::optional<std::size_t>> trust::walk(std::uint64_t life, std::string family,
                                             std::string pattern, const of_family* only) {
    std::string cursor = "0";
    std::size_t purged = 0;
    do {
        if (in_force.renew_the_purge_lock &&
            waits_.now() - lock_renewed_ > options_.purge_lock / 5) {
            const bool still = co_await lock(life, family);
            if (!still) co_return std::nullopt;
        }
        const valkey::command scan{"SCAN", cursor, "MATCH", pattern, "COUNT", "1000"};
        const auto found = co_await tell(life, scan);
        // The next cursor, and then the keys.
        const auto& list = found.list;
        if (list.empty()) co_return std::nullopt;
        cursor = list.front();
        if (list.size() == 1) continue;
        // One command a key: a node of a cluster refuses one for keys of different slots.
        std::vector<valkey::command> del;
        for (auto key = list.begin() + 1; key != list.end(); ++key)
            if (!only || (*only)(*key)) del.push_back({"DEL", *key});
        if (del.empty()) continue;
        const auto gone = co_await tell(life, std::move(del));
        const bool all = std::ranges::all_of(gone, [](auto& one) { return one.succeeded(); });
        if (!all) co_return std::nullopt;
        purged += gone.size();
    } while (cursor != "0");
    co_return purged;
}

task<std::optional<std::size_t>> trust::take_over() {
    const auto database = own_.database();
    const auto life = client_.life();
    const auto run = co_await run_id(life);
    if (!database || run.empty()) co_return std::nullopt;
    std::size_t all = 0;
    const auto mark = run + ' ' + *database;
    const std::string why = "cache purge";
    for (const auto& family : options_.families) {
        const auto purged = co_await purge_and_mark(life, family, mark, why);
        if (!purged) co_return std::nullopt;
        all += *purged;
    }
    co_return all;
}

// Of the server's process, and of its history in replication.
task<std::string> trust::run_id(std::uint64_t life) {
    const valkey::command ask{"INFO", "server"};
    const auto info = co_await tell(life, ask);
    auto id = valkey::info_field(info, "run_id");
    if (!id.empty()) id += '/' + client_.standing().history;
    co_return id;
}

}  // namespace larder::cache
