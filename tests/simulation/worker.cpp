#include "simulation/worker.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <utility>

#include "simulation/world.hpp"

namespace larder::simulation {

using std::chrono::milliseconds;

namespace {

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

valkey::client_options client_options_here() {
    return {.deadline = milliseconds{100},
            .patient_deadline = milliseconds{1'000},
            .connect_timeout = milliseconds{500},
            .silence_ends = milliseconds{2'000},
            .reconnect_after = milliseconds{20},
            .reconnect_at_most = milliseconds{500},
            .probe_after = milliseconds{50}};
}

std::chrono::seconds seconds_of(msec time) { return std::chrono::seconds{time / 1'000}; }

std::map<std::string, cache::family_policy, std::less<>> policies_of(const plan_of_seed& p) {
    if (p.stale_for() == 0) return {};
    const cache::policy how{.stale_while_revalidate = seconds_of(p.while_revalidate),
                            .stale_if_error = seconds_of(p.if_error)};
    return {{family, {.how = how}}};
}

bool is_outage(const std::exception_ptr&) { return true; }

cache::tiers_options tiers_of(const plan_of_seed& p, bool by_generation) {
    return {.ttl = seconds_of(p.ttl),
            .policies = policies_of(p),
            .unfollowed = p.is_followed
                              ? std::optional<milliseconds>{milliseconds{worker::unfollowed}}
                              : std::nullopt,
            .is_followed_by_log = p.is_followed,
            .families = {family},
            .by_generation = by_generation ? std::set<std::string, std::less<>>{family}
                                           : std::set<std::string, std::less<>>{},
            .local_bytes = p.local_bytes,
            .lease = milliseconds{p.lease},
            .hold = milliseconds{hold_time},
            .purge_lock = milliseconds{p.purge_lock}};
}

}  // namespace

worker::worker(simulation::world& w, std::uint8_t place, std::uint32_t incarnation, process_ptr of)
    : world_(w),
      place_(place),
      incarnation_(incarnation),
      process_(std::move(of)),
      announcements_({
          .heard =
              [this](std::string_view payload) {
                  world_.say([&] { return name() + " hears an announcement"; });
                  engine_->hear(payload);
                  world_.judge().heard(std::string{payload}, process_->id);
              },
          .say = [&own = process_->own] { return own.announcements(); },
          .unannounced = [&own = process_->own] { return own.unannounced(); },
          .is_settled = [&own = process_->own] { return own.is_settled(); },
          .identified = [&own =
                             process_->own](std::string which) { own.identify(std::move(which)); },
          .concerns =
              [](std::string_view payload) {
                  return cache::own_writes::concerns(payload, {family});
              },
          .say_every = milliseconds{say_every},
      }) {
    engine_ = std::make_unique<cache::engine>(*this, *this, client_options_here(), process_->own,
                                              tiers_of(w.plan(), w.left_out().by_generation));
    engine_->remember_servers(
        {.read = [this](std::string) { return world_.postgres().recorded_server(*this); },
         .write =
             [this](std::string, std::string before, std::string server) {
                 return world_.postgres().record_server(*this, std::move(before),
                                                        std::move(server));
             }});
    home_.start(serve());
    if (world_.is_listener(place)) home_.start(listen());
    if (world_.is_listener(place) && w.plan().is_followed) follow();
}

// The coroutines hold what the other members are about to end.
worker::~worker() {
    home_.kill_all();
    following_.reset();
    log_.reset();
    look_.reset();
    engine_.reset();
}

void worker::follow() {
    log_ = std::make_unique<model_follower>(world_, *this);
    following_ = std::make_unique<follow::following>(
        waiting(), *log_, std::set<std::string>{family},
        follow::following::events{
            .broken =
                [this](const follow::untrue& what) {
                    world_.say([&] { return name() + " has keys forgotten"; });
                    if (!what.families.empty()) engine_->invalidate_all_of(what.families, what.why);
                    if (!what.keys.empty()) engine_->invalidate(what.changed_keys());
                },
            .slot = [this] { return process_->own.visited(); },
            .follows = [this](const follow::progress&) { engine_->say_followed(); },
            .ends = [this] { engine_->say_unfollowed(); },
            .pause_after = [](const std::exception_ptr&) { return milliseconds{0}; }});
    following_->start();
}

std::string worker::name() const {
    return "process " + std::to_string(process_->id) + " worker " + std::to_string(place_);
}

std::uint64_t worker::connections() const {
    cache::stats all;
    engine_->complete(all);
    return all.connections;
}

void worker::rest(msec duration) {
    rested_until_ = std::max(rested_until_, world_.now() + duration);
}

// ---- What the engine asks of the outside.

time_point worker::now() const { return time_of(world_.now()); }

void worker::at(time_point when, wait_id id) { schedule(event::kind::resume, msec_of(when), id); }

void worker::soon(wait_id id) { schedule(event::kind::resume, world_.now(), id); }

std::uint64_t worker::random() { return world_.luck().next(); }

void worker::schedule(event::kind what, msec at, std::uint64_t id) {
    world_.schedule(
        {.at = at, .what = what, .owner = place_, .incarnation = incarnation_, .id = id});
}

task<valkey::network::addresses> worker::find() {
    addresses one;
    one.all.emplace_back("the address");
    co_return one;
}

std::shared_ptr<valkey::link> worker::open(const std::string&, valkey::link_events& events,
                                           std::string&) {
    return std::make_shared<model_link>(world_,
                                        world_.network().connect(place_, incarnation_, events));
}

// ---- Requests.

task<void> worker::serve() { co_await engine_->start(); }

task<std::string> worker::load(std::size_t key) {
    const auto loaded = co_await world_.postgres().load(*this, key);
    if (!loaded.succeeded) throw std::runtime_error{"PostgreSQL is down"};
    co_return std::to_string(loaded.value);
}

// As what came in one turn of an event loop.
void worker::begin_get(std::size_t key) {
    constexpr msec kept = 20;
    if (world_.now() >= looks_again_) {
        look_.reset();
        look_.emplace(*engine_);
        looks_again_ = world_.now() + kept;
    }
    home_.start(get(key));
    if (world_.left_out().keeps_its_look) return;
    look_.reset();
    looks_again_ = 0;
}

task<void> worker::get(std::size_t key) {
    ++requests_;
    const auto who = world_.judge().asks(*this);
    const bool looks = !world_.left_out().loads_anew || world_.asks_everybody();
    if (const auto hit = looks ? engine_->find(key_name(key)) : std::nullopt) {
        world_.judge().answered(
            who, key, {std::string{hit->text}, cache::origin::local, hit->age, hit->left});
        --requests_;
        co_return;
    }
    co_await read(who, key);
    --requests_;
}

cache::wish worker::wish() {
    if (!world_.left_out().loads_anew || world_.asks_everybody()) return {.stale = &is_outage};
    switch (++asked_ % 3) {
        case 0: return {.anew = true};
        case 1: return {.again = true};
        default: return {.stale = &is_outage};
    }
}

task<void> worker::read(judge::reader who, std::size_t key) {
    std::optional<cache::found> found;
    cache::loader loads = [this, key] { return load(key); };
    try {
        found = co_await engine_->read(key_name(key), std::move(loads), &is_number, wish());
    } catch (const std::runtime_error&) {
        world_.count(&figures::failed_gets);
    }
    if (found) world_.judge().answered(who, key, *found);
}

// As a list of keys is asked for.
task<void> worker::get_list() {
    ++requests_;
    const auto who = world_.judge().asks(*this);
    std::vector<std::string> keys;
    for (std::size_t key = 0; key < world_.plan().keys; ++key) keys.push_back(key_name(key));
    const auto all = co_await engine_->look_all(std::move(keys), &is_number);
    for (std::size_t key = 0; key < all.size(); ++key)
        if (all[key]) world_.judge().answered(who, key, *all[key]);
    for (std::size_t key = 0; key < all.size(); ++key)
        if (!all[key]) co_await read(who, key);
    --requests_;
}

// What the decorators and transactions do.
task<void> worker::post(std::vector<std::size_t> keys) {
    ++requests_;
    auto& writes = engine_->writes();
    cache::change one;
    for (const auto key : keys) {
        const auto& broken = key_name(world_.broken_by(key));
        if (std::ranges::find(one.keys, broken) == one.keys.end()) one.keys.push_back(broken);
    }
    const auto order = world_.judge().begin_order(process_->id, keys, world_.now());
    if (world_.left_out().release_before_commit) co_await writes.release(one);
    const auto announcements = co_await writes.hold(one);
    if (one.is_untold) world_.judge().untold(order);
    else if (one.name.empty()) world_.judge().unheld(order);
    world_.judge().named(order, one.name);
    const auto result = co_await world_.postgres().commit(*this, keys, order, announcements);
    cache::ask_fate what_became;
    if (result.is == outcome::unknown)
        what_became = [this, by = result.by] { return world_.postgres().what_became(*this, by); };
    if (result.by && result.by->transaction != 0)
        one.transaction = std::to_string(result.by->transaction);
    const auto untold =
        co_await writes.end(one, result.is == outcome::written, std::move(what_became));
    if (!untold.empty()) co_await announce(order, untold);
    if (result.is == outcome::written) world_.judge().acknowledged(order);
    --requests_;
}

// Who cannot be told now is told by the worker that listens.
task<void> worker::announce(order_number order, std::vector<std::string> payloads) {
    auto& source = world_.postgres();
    co_await waiting().sleep(milliseconds{world_.luck().delay(world_.plan().postgres_most)});
    world_.judge().untold(order, !source.is_down());
    for (const auto& one : payloads) source.announce_again(one);
    co_await waiting().sleep(milliseconds{world_.luck().delay(world_.plan().postgres_most)});
}

// ---- PostgreSQL's announcements, as a worker of each process takes them.

void worker::hear(const std::string& payload) {
    announcements_.notified(payload);
    waiting().end(std::exchange(notified_, 0));
}

task<void> worker::listen() {
    auto& source = world_.postgres();
    auto& p = *process_;
    while (true) {
        co_await waiting().sleep(
            milliseconds{1 + world_.luck().delay(model_postgres::reconnect_most)});
        if (source.is_down()) continue;
        p.listens = true;
        p.listens_since = world_.now();
        announcements_.connected(source.has_table, true, source.unnoted);
        if (source.has_table) announcements_.read(source.rows());
        announcements_.then().identified("the database");
        auto look_at = now();
        while (p.listens) {
            const bool is_due = now() >= look_at;
            if (is_due) look_at = now() + announcements_.then().say_every;
            look(is_due);
            notified_ = waiting().make();
            co_await waiting().until(notified_, look_at);
        }
    }
}

void worker::look(bool is_due) {
    auto& source = world_.postgres();
    const auto settled = announcements_.to_delete(is_due);
    source.delete_rows(settled);
    if (!settled.empty()) announcements_.deleted();
    if (announcements_.has_to_read(is_due)) announcements_.read(source.rows());
    if (!is_due) return;
    for (const auto& one : announcements_.to_say(source.unnoted)) source.announce_again(one);
    announcements_.said();
}

// ---- The end, as SIGTERM asks for it.

task<void> worker::end() {
    while (requests_ > 0) co_await waiting().sleep(milliseconds{5});
    const auto until = now() + milliseconds{graceful};
    co_await engine_->drain(until);
    const bool has_time_left = now() + milliseconds{50} < until;
    const bool is_left = process_->own.remembered_own() > 0 || engine_->writes().settling() > 0 ||
                         world_.judge().has_unreleased(process_->id);
    if (has_time_left && is_left)
        world_.violated(name() + " ends early, with writes that are not released");
    if (following_) following_->stop();
    engine_->stop();
    world_.say([&] { return name() + " has ended"; });
    ++process_->ended;
    schedule(event::kind::ended, world_.now(), place_);
}

}  // namespace larder::simulation
