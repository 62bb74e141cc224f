#include "larder/cache/tiers.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>
#include <utility>

#include "flight.hpp"
#include "local_tier.hpp"
#include "scripts.hpp"

namespace larder::cache {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using namespace std::chrono_literals;
using step = flight::step;

namespace {

constexpr auto tick = 20ms;            // how often a worker looks after its tiers
constexpr auto quiet_for = 300ms;      // then Valkey is asked for a sign of life
constexpr auto release_every = 100ms;  // a try to release what is remembered
constexpr auto start_within = 1s;      // then requests are answered without the shared tier
constexpr auto trust_every = 500ms;    // at least

lease_answer lease_answer_of(const valkey::reply& r) {
    if (r.is != valkey::reply::kind::text) return lease_answer::none;
    if (r.text.starts_with('=')) return lease_answer::value;
    if (r.text == "granted") return lease_answer::granted;
    if (r.text == "busy") return lease_answer::busy;
    return lease_answer::held;
}

// Those who boarded one flight, and what it brought.
struct passage {
    std::string key;
    tiers::loader load;
    tiers::check is_value;
    wish how{.keep = false};  // of all together
    tiers::found found{};
    bool waited = false;  // for another flight's fill
    std::exception_ptr failed;
    bool landed = false;
    std::vector<asio::any_completion_handler<void()>> passengers;
};
using passage_ptr = std::shared_ptr<passage>;

// A load that goes on, whose lease is renewed meanwhile.
struct renewal {
    explicit renewal(const asio::any_io_executor& e) : pause(e) {}

    asio::steady_timer pause;
    bool ended = false;
};

}  // namespace

struct tiers::state : std::enable_shared_from_this<state> {
    state(const asio::any_io_executor& e, valkey::client_options server, own_writes& o,
          tiers_options opts);

    // Whether the shared tier may be asked for the key.
    bool is_usable(std::string_view key) const {
        return client.life() == trusted_life && client.is_answering() && !own.is_remembered(key);
    }
    std::string next_name() { return name + ':' + std::to_string(++last_name); }
    valkey::client_events events();
    void spawn(asio::awaitable<void> work);

    asio::awaitable<void> trust(std::uint64_t life);
    asio::awaitable<bool> trust_family(const std::string& family, const std::string& run_id);
    asio::awaitable<std::optional<std::size_t>> purge(const std::string& family);

    // Of a value in the shared tier; the text is missing if there is none.
    struct kept {
        std::optional<std::string> text;
        milliseconds left{0};
        clock::time_point expires;
        bool is_tracked = false;  // so a change would be heard of
    };
    milliseconds ttl_of(std::string_view key) const;
    milliseconds age_of(std::string_view key, milliseconds left) const;
    std::string_view why_unusable(std::string_view key) const;
    asio::awaitable<std::optional<kept>> get(const std::string& key);
    found shared_hit(std::string_view key, kept of) const;

    void take_off(const passage_ptr& p);
    void land(const passage_ptr& p, std::exception_ptr failed);
    asio::awaitable<void> fly(passage_ptr p);
    asio::awaitable<step> read(flight& f, passage& p, std::optional<std::string>& unreadable);
    asio::awaitable<step> ask(flight& f, passage& p, const std::string& token,
                              const std::optional<std::string>& unreadable);
    asio::awaitable<step> wait(flight& f, const std::string& key);
    asio::awaitable<step> load(flight& f, passage& p, const std::string& token);
    asio::awaitable<step> fill(flight& f, passage& p, const std::string& token);
    asio::awaitable<step> yield(flight& f, const std::string& key, const std::string& token);
    asio::awaitable<void> renew(std::string key, std::string token,
                                std::shared_ptr<renewal> during);
    void wake(std::string_view key);
    void wake_all();

    asio::awaitable<bool> run(script::index what, const std::vector<std::string>& keys,
                              std::vector<std::string> arguments);
    asio::awaitable<bool> reconnected();
    asio::awaitable<bool> hold(const std::vector<std::string>& keys, const std::string& writer);
    asio::awaitable<bool> release(const std::vector<std::string>& keys, const std::string& writer);
    void remember(const std::vector<std::string>& keys, const std::string& writer);
    void release_soon();
    asio::awaitable<void> settle(std::vector<std::string> keys, std::string writer,
                                 std::function<asio::awaitable<bool>()> is_over);

    asio::awaitable<void> look_after();
    asio::awaitable<void> ping();
    asio::awaitable<void> release_remembered();
    asio::awaitable<bool> release_some();
    asio::awaitable<bool> purge_after_overflow(std::uint64_t overflow);

    const asio::any_io_executor executor;
    own_writes& own;
    const tiers_options options;
    const milliseconds deadline;              // for what a request waits for
    const std::string name = own.new_name();  // of this worker, in leases and holds
    std::uint64_t last_name = 0;
    local_tier local;
    departures flights;
    std::unordered_map<departures::flight_number, passage_ptr> boarding;
    // Flights that wait for a key to change; cancelling the timer wakes one.
    std::multimap<std::string, asio::steady_timer*, std::less<>> waiting;
    valkey::client client;
    asio::steady_timer watch;        // between two looks
    asio::steady_timer trust_pause;  // between two attempts to trust
    asio::steady_timer settled;      // ends when the first connection is trusted or lost
    std::uint64_t trusted_life = ~std::uint64_t{0};
    clock::time_point connected_at = clock::time_point::min();
    // A connection that is lost mostly comes back at once. One that had just begun does not count.
    clock::time_point reconnects_until = clock::time_point::min();
    bool pinging = false;
    bool releasing = false;
    bool stopped = false;
};

namespace {

valkey::client_options with_scripts(valkey::client_options server) {
    server.scripts = scripts();
    server.tracking = true;
    return server;
}

}  // namespace

tiers::state::state(const asio::any_io_executor& e, valkey::client_options server, own_writes& o,
                    tiers_options opts)
    : executor(e),
      own(o),
      options(std::move(opts)),
      deadline(server.deadline),
      local({.max_bytes = options.local_bytes}),
      client(e, with_scripts(std::move(server)), events()),
      watch(e),
      trust_pause(e),
      settled(e, clock::time_point::max()) {}

valkey::client_events tiers::state::events() {
    return {.connected =
                [this](clock::time_point sent) {
                    connected_at = clock::now();
                    if (client.is_tracking()) local.connected(sent);
                    spawn(trust(client.life()));
                },
            .lost =
                [this] {
                    const auto now = clock::now();
                    if (now - connected_at > deadline) reconnects_until = now + deadline;
                    local.lost();
                    wake_all();
                },
            .heard = [this](clock::time_point sent) { local.heard(sent); },
            .changed =
                [this](std::string_view key) {
                    local.invalidated(key);
                    wake(key);
                },
            .all_changed =
                [this] {
                    local.invalidated_all();
                    wake_all();
                }};
}

void tiers::state::spawn(asio::awaitable<void> work) {
    asio::co_spawn(executor, std::move(work),
                   [self = shared_from_this()](const std::exception_ptr& failed) {
                       if (failed) std::rethrow_exception(failed);
                   });
}

tiers::tiers(const asio::any_io_executor& executor, valkey::client_options server, own_writes& own,
             tiers_options options)
    : state_(std::make_shared<state>(executor, std::move(server), own, std::move(options))) {}

tiers::~tiers() { stop(); }

asio::awaitable<void> tiers::start() {
    state_->spawn(state_->look_after());
    co_await state_->client.start();
    if (state_->client.life() == 0) co_return;
    if (state_->settled.expiry() == clock::time_point::max())
        state_->settled.expires_after(start_within);
    co_await state_->settled.async_wait(asio::as_tuple(asio::use_awaitable));
}

void tiers::stop() {
    auto& s = *state_;
    s.stopped = true;
    s.watch.cancel();
    s.trust_pause.cancel();
    s.settled.expires_at(clock::time_point::min());
    s.wake_all();
    s.client.stop();
}

// ---- Trust: a server that came back may remember too much.

// Until it succeeds or the connection has gone; the next connection starts anew.
asio::awaitable<void> tiers::state::trust(std::uint64_t life) {
    auto pause = 20ms;
    const auto patient_until = clock::now() + start_within;
    bool said = false;
    while (!stopped && client.life() == life) {
        const auto run_id = co_await client.run_id();
        bool trusted = !run_id.empty();
        for (const auto& family : options.families)
            if (trusted) trusted = co_await trust_family(family, run_id);
        if (trusted && client.life() == life) {
            trusted_life = life;
            break;
        }
        if (!said && clock::now() > patient_until) {
            said = true;
            spdlog::warn(
                "Valkey is not used yet: it has to answer INFO and SCAN, and GET, SET and DEL of "
                "the cache's keys and of larder:*");
        }
        trust_pause.expires_after(pause);
        co_await trust_pause.async_wait(asio::as_tuple(asio::use_awaitable));
        pause = std::min<milliseconds>(pause * 2, trust_every);
    }
    settled.expires_at(clock::time_point::min());
}

// One instance purges; the others look again until it has put the marker.
asio::awaitable<bool> tiers::state::trust_family(const std::string& family,
                                                 const std::string& run_id) {
    using enum valkey::urgency;
    const auto marker = "larder:trusted:" + family;
    const valkey::command get{"GET", marker};
    const auto found = co_await client.call(get, background);
    if (!found.was_answered()) co_return false;
    if (found.text == run_id) co_return true;
    const valkey::command lock{"SET", "larder:purging:" + family, name, "NX", "PX", "5000"};
    const auto locked = co_await client.call(lock, background);
    if (locked.text != "OK") co_return false;
    const auto purged = co_await purge(family);
    if (!purged) co_return false;
    if (*purged > 0)
        spdlog::info(
            "Purged {} entries of {}: Valkey was started anew and may remember what was "
            "invalidated",
            *purged, family);
    std::vector<valkey::command> mark;
    mark.push_back({"SET", marker, run_id});
    mark.push_back({"DEL", "larder:purging:" + family});
    const auto marked = co_await client.call(std::move(mark), background);
    co_return marked.front().succeeded();
}

// Leases first, or a fill that was granted before lands behind the purge.
asio::awaitable<std::optional<std::size_t>> tiers::state::purge(const std::string& family) {
    const auto leases = co_await client.purge("{" + family + ":*}:lease");
    if (!leases) co_return std::nullopt;
    const auto values = co_await client.purge(family + ":*");
    co_return values;
}

// ---- Reads.

// Not all entries end at once. By the key, so that what is left of an entry tells its age.
milliseconds tiers::state::ttl_of(std::string_view key) const {
    const milliseconds most = options.ttl;
    const auto shorter =
        std::hash<std::string_view>{}(key) % static_cast<std::size_t>(most.count() / 20 + 1);
    return most - milliseconds{shorter};
}

milliseconds tiers::state::age_of(std::string_view key, milliseconds left) const {
    return std::max(milliseconds{0}, ttl_of(key) - left);
}

std::optional<tiers::local_hit> tiers::find(std::string_view key) {
    auto& s = *state_;
    if (!s.local.is_on() || s.own.is_remembered(key)) return std::nullopt;
    const auto now = clock::now();
    const auto hit = s.local.find(key, now, s.own.generation(key));
    // What Valkey said and this worker has not read yet may be that the key changed.
    if (!hit || s.client.has_unread()) return std::nullopt;
    const auto left = std::chrono::ceil<milliseconds>(hit->expires - now);
    return local_hit{hit->value, s.age_of(key, left), left};
}

asio::awaitable<std::optional<tiers::found>> tiers::look(std::string key, check is_value) {
    const auto s = state_;
    if (const auto hit = find(key); hit && is_value(hit->text))
        co_return found{std::string{hit->text}, origin::local, hit->age, hit->left};
    if (!s->is_usable(key)) co_return std::nullopt;
    auto entry = co_await s->get(key);
    if (!entry || !entry->text || !is_value(*entry->text) || !s->is_usable(key))
        co_return std::nullopt;
    co_return s->shared_hit(key, std::move(*entry));
}

asio::awaitable<tiers::found> tiers::read(std::string key, loader load, check is_value, wish how) {
    const auto s = state_;
    const auto boarded = s->flights.board(key);
    if (boarded.is_first) {
        auto fresh = std::make_shared<passage>();
        fresh->key = std::move(key);
        fresh->load = std::move(load);
        fresh->is_value = is_value;
        s->boarding.emplace(boarded.number, std::move(fresh));
    }
    const auto mine = s->boarding.at(boarded.number);
    mine->how.anew = mine->how.anew || how.anew;
    mine->how.keep = mine->how.keep || how.keep;
    if (boarded.takes_off) {
        s->boarding.erase(boarded.number);
        s->take_off(mine);
    }
    auto until_landed = [&mine](auto handler) { mine->passengers.push_back(std::move(handler)); };
    if (!mine->landed)
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
            std::move(until_landed), asio::use_awaitable);
    if (mine->failed) std::rethrow_exception(mine->failed);
    auto landed = mine->found;
    landed.collapsed = mine->waited || (landed.from == origin::source && !boarded.is_first);
    co_return landed;
}

// A flight belongs to nobody: a reader who goes away leaves it to the others.
void tiers::state::take_off(const passage_ptr& p) {
    asio::co_spawn(executor, fly(p), [self = shared_from_this(), p](std::exception_ptr failed) {
        self->land(p, std::move(failed));
    });
}

void tiers::state::land(const passage_ptr& p, std::exception_ptr failed) {
    if (failed) p->failed = std::move(failed);
    p->landed = true;
    for (auto& one : std::exchange(p->passengers, {})) asio::post(executor, std::move(one));
    const auto next = flights.landed(p->key);
    if (!next) return;
    const auto found = boarding.find(*next);
    const auto following = std::move(found->second);
    boarding.erase(found);
    take_off(following);
}

asio::awaitable<void> tiers::state::fly(passage_ptr p) {
    flight f{{}, clock::now()};
    const auto token = next_name();
    std::optional<std::string> unreadable;
    bool asks = p->how.keep && is_usable(p->key);
    if (asks && p->how.anew) {
        const std::vector<std::string> keys{p->key};
        asks = co_await run(script::release, keys, {});
    }
    if (p->how.keep && !asks) p->found.bypassed = why_unusable(p->key);
    auto next = f.take_off(asks);
    while (next != step::land) switch (next) {
            case step::read: next = co_await read(f, *p, unreadable); break;
            case step::ask: next = co_await ask(f, *p, token, unreadable); break;
            case step::wait: next = co_await wait(f, p->key); break;
            case step::load: next = co_await load(f, *p, token); break;
            case step::fill: next = co_await fill(f, *p, token); break;
            case step::yield: next = co_await yield(f, p->key, token); break;
            case step::land: break;
        }
}

// GET by the tracked connection; nothing if there was no answer.
asio::awaitable<std::optional<tiers::state::kept>> tiers::state::get(const std::string& key) {
    const auto sent = clock::now();
    std::vector<valkey::command> commands;
    if (client.is_tracking()) commands.push_back({"CLIENT", "CACHING", "YES"});
    commands.push_back({"GET", key});
    commands.push_back({"PTTL", key});
    auto replies = co_await client.call(std::move(commands));
    auto& value = replies[replies.size() - 2];
    if (!value.was_answered()) co_return std::nullopt;
    kept result;
    result.is_tracked = replies.size() == 3 && replies.front().succeeded();
    if (value.is == valkey::reply::kind::text) result.text = std::move(value.text);
    const auto& ttl = replies.back().text;
    long left = 0;
    std::from_chars(ttl.data(), ttl.data() + ttl.size(), left);
    const milliseconds most = options.ttl;
    result.left = left == -1 ? most : std::min(most, milliseconds{left});
    result.expires = sent + result.left;
    co_return result;
}

tiers::found tiers::state::shared_hit(std::string_view key, kept of) const {
    return {std::move(*of.text), origin::shared, age_of(key, of.left), of.left};
}

// The reply enters the place that was reserved before the GET was sent.
asio::awaitable<step> tiers::state::read(flight& f, passage& p,
                                         std::optional<std::string>& unreadable) {
    const auto place = local.reserve(p.key, own.generation(p.key));
    auto entry = co_await get(p.key);
    const bool found = entry && entry->text && p.is_value(*entry->text);
    // While it was on its way, a write may have failed to reach Valkey.
    const bool answered = entry && is_usable(p.key);
    if (answered && found && entry->is_tracked && entry->left > 0ms)
        local.settle(place, p.key, *entry->text, entry->expires);
    else local.abandon(place, p.key);
    if (answered && found) p.found = shared_hit(p.key, std::move(*entry));
    else if (answered) unreadable = std::move(entry->text);
    else p.found.bypassed = why_unusable(p.key);
    co_return f.read_answered(answered, answered && found);
}

std::string_view tiers::state::why_unusable(std::string_view key) const {
    return own.is_remembered(key) ? "unreleased-write" : "valkey-unavailable";
}

asio::awaitable<step> tiers::state::ask(flight& f, passage& p, const std::string& token,
                                        const std::optional<std::string>& unreadable) {
    if (!is_usable(p.key)) co_return f.lease_answered(lease_answer::none, clock::now());
    auto lease = client.script(script::lease, keys_of(p.key),
                               {token, std::to_string(options.lease.count())});
    if (unreadable) lease.push_back(*unreadable);
    const auto reply = co_await client.call(std::move(lease));
    auto answer = lease_answer_of(reply);
    if (answer == lease_answer::value) {
        const auto text = std::string_view{reply.text}.substr(1);
        const auto ttl = ttl_of(p.key);  // it has just come
        if (is_usable(p.key) && p.is_value(text))
            p.found = {std::string{text}, origin::shared, 0ms, ttl};
        else answer = lease_answer::none;
    }
    if (answer == lease_answer::held) p.found.bypassed = "write-in-progress";
    if (answer == lease_answer::none) p.found.bypassed = why_unusable(p.key);
    if (answer == lease_answer::busy) p.waited = true;
    co_return f.lease_answered(answer, clock::now());
}

asio::awaitable<step> tiers::state::wait(flight& f, const std::string& key) {
    asio::steady_timer changed{executor, f.ask_again()};
    const auto mine = waiting.emplace(key, &changed);
    co_await changed.async_wait(asio::as_tuple(asio::use_awaitable));
    waiting.erase(mine);
    co_return f.woken(is_usable(key));
}

void tiers::state::wake(std::string_view key) {
    const auto [first, last] = waiting.equal_range(key);
    for (auto it = first; it != last; ++it) it->second->cancel();
}

void tiers::state::wake_all() {
    for (const auto& [key, timer] : waiting) timer->cancel();
}

asio::awaitable<step> tiers::state::load(flight& f, passage& p, const std::string& token) {
    const auto during = std::make_shared<renewal>(executor);
    if (f.may_fill()) spawn(renew(p.key, token, during));
    try {
        auto text = co_await p.load();
        p.found.text = std::move(text);
    } catch (...) {
        p.failed = std::current_exception();
    }
    during->ended = true;
    during->pause.cancel();
    co_return f.loaded(!p.failed, is_usable(p.key));
}

// A lease is short, so that a crash does not keep others waiting; a load may be long.
asio::awaitable<void> tiers::state::renew(std::string key, std::string token,
                                          std::shared_ptr<renewal> during) {
    while (!stopped) {
        during->pause.expires_after(options.lease / 3);
        co_await during->pause.async_wait(asio::as_tuple(asio::use_awaitable));
        if (during->ended || !is_usable(key)) co_return;
        auto renew = client.script(script::renew, keys_of(key),
                                   {token, std::to_string(options.lease.count())});
        const auto renewed = co_await client.call(std::move(renew));
        if (renewed.text != "1") co_return;
    }
}

asio::awaitable<step> tiers::state::fill(flight& f, passage& p, const std::string& token) {
    spdlog::debug("Caching {}, value is {}", p.key, p.found.text);
    p.found.left = ttl_of(p.key);
    auto fill = client.script(script::fill, keys_of(p.key),
                              {token, p.found.text, std::to_string(p.found.left.count())});
    const auto reply = co_await client.call(std::move(fill));
    p.found.stored = reply.text == "1";
    co_return f.filled();
}

asio::awaitable<step> tiers::state::yield(flight& f, const std::string& key,
                                          const std::string& token) {
    auto yield = client.script(script::yield, keys_of(key), {token});
    co_await client.call(std::move(yield));
    co_return f.yielded();
}

// ---- Writes.

asio::awaitable<bool> tiers::state::run(script::index what, const std::vector<std::string>& keys,
                                        std::vector<std::string> arguments) {
    if (!client.is_answering()) co_return false;
    std::vector<valkey::command> commands;
    commands.reserve(keys.size());
    for (const auto& key : keys) commands.push_back(client.script(what, keys_of(key), arguments));
    const auto replies = co_await client.call(std::move(commands));
    co_return std::all_of(replies.begin(), replies.end(), [](auto& r) { return r.succeeded(); });
}

asio::awaitable<bool> tiers::state::reconnected() {
    asio::steady_timer pause{executor};
    while (!stopped && client.life() == 0 && clock::now() < reconnects_until) {
        pause.expires_after(5ms);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return client.is_answering();
}

asio::awaitable<bool> tiers::state::hold(const std::vector<std::string>& keys,
                                         const std::string& writer) {
    return run(script::hold, keys, {writer, std::to_string(options.hold.count())});
}

asio::awaitable<bool> tiers::state::release(const std::vector<std::string>& keys,
                                            const std::string& writer) {
    return run(script::release, keys, {writer});
}

void tiers::state::remember(const std::vector<std::string>& keys, const std::string& writer) {
    std::vector<broken_key> broken;
    broken.reserve(keys.size());
    for (const auto& key : keys) broken.push_back({key, writer});
    own.remember(broken);
    release_soon();
}

// Whoever works next in the background tries again at once.
void tiers::state::release_soon() {
    if (client.life() == trusted_life && !releasing) spawn(release_remembered());
}

// A commit may wait as long as it likes, for a standby say. What was held before stays held: a hold
// that fails to be set anew must not be taken back, as it would be if it were remembered.
asio::awaitable<void> tiers::state::settle(std::vector<std::string> keys, std::string writer,
                                           std::function<asio::awaitable<bool>()> is_over) {
    auto pending = clock::now();  // it was, when that was asked last
    auto hold_anew = pending;
    asio::steady_timer pause{executor};
    auto between = 20ms;
    bool over = false;
    while (!over && !stopped && clock::now() < pending + options.hold) {
        if (clock::now() >= hold_anew) {
            const bool held = co_await hold(keys, writer);
            if (held) hold_anew = clock::now() + options.hold / 2;
        }
        try {
            over = co_await is_over();
            if (!over) pending = clock::now();
        } catch (const std::exception& e) {
            spdlog::debug("Cannot ask whether a write is over: {}", e.what());
        }
        if (over) break;
        pause.expires_after(between);
        co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
        between = std::min<milliseconds>(between * 2, 320ms);
    }
    const bool released = co_await release(keys, writer);
    if (!released) remember(keys, writer);
    own.count(keys);
}

write::write(tiers& of, std::vector<std::string> keys)
    : state_(of.state_), keys_(std::move(keys)) {}

asio::awaitable<std::vector<std::string>> write::hold() {
    if (keys_.empty()) co_return std::vector<std::string>{};
    // Other instances trust what they have until they hear of a hold, so it is worth a wait.
    const bool is_answering = co_await state_->reconnected();
    // Nobody has to take back a hold that is not even sent.
    if (!is_held() && is_answering) writer_ = state_->next_name();
    bool held = co_await state_->hold(keys_, writer_);
    if (!held && is_held() && state_->client.life() == 0) {  // lost with the hold on its way
        const bool again = co_await state_->reconnected();
        if (again) held = co_await state_->hold(keys_, writer_);
    }
    if (held) co_return std::vector<std::string>{};
    state_->remember(keys_, writer_);
    co_return state_->own.announcements(keys_);
}

asio::awaitable<void> write::release() {
    if (keys_.empty()) co_return;
    const bool released = co_await state_->release(keys_, writer_);
    if (!released) state_->remember(keys_, writer_);
    state_->own.count(keys_);
}

asio::awaitable<void> write::leave(std::function<asio::awaitable<bool>()> is_over) {
    if (keys_.empty()) co_return;
    if (!is_held()) writer_ = state_->next_name();
    state_->own.count(keys_);
    state_->spawn(state_->settle(keys_, writer_, std::move(is_over)));
}

void tiers::hear(std::string_view announcement) {
    if (state_->own.hear(announcement, state_->options.families)) state_->release_soon();
}

// ---- What goes on in the background.

asio::awaitable<void> tiers::state::look_after() {
    auto last_release = clock::now();
    while (!stopped) {
        const auto due = clock::now() + tick;
        watch.expires_at(due);
        co_await watch.async_wait(asio::as_tuple(asio::use_awaitable));
        const auto now = clock::now();
        local.woke(due, now);
        const bool quiet = now - local.last_heard() > quiet_for || !local.is_current(now);
        if (local.is_connected() && quiet && !pinging) spawn(ping());
        if (!own.remembers_any() || releasing || now - last_release < release_every) continue;
        last_release = now;
        if (client.life() == trusted_life) spawn(release_remembered());
    }
}

asio::awaitable<void> tiers::state::ping() {
    pinging = true;
    const valkey::command ask{"PING"};
    const auto pong = co_await client.call(ask, valkey::urgency::background);
    pinging = false;
}

// Whichever worker reaches Valkey releases what any worker of the process could not.
asio::awaitable<void> tiers::state::release_remembered() {
    releasing = true;
    bool got_through = true;
    while (!stopped && got_through && own.remembers_any()) got_through = co_await release_some();
    releasing = false;
}

asio::awaitable<bool> tiers::state::release_some() {
    constexpr std::size_t batch = 256;
    if (const auto overflow = own.overflow(); overflow != 0) {
        const bool purged = co_await purge_after_overflow(overflow);
        if (!purged) co_return false;
    }
    const auto some = own.some(batch);
    if (some.empty()) co_return true;
    std::vector<valkey::command> commands;
    commands.reserve(some.size());
    for (const auto& one : some)
        commands.push_back(client.script(script::release, keys_of(one.key), one.writers));
    const auto replies = co_await client.call(std::move(commands), valkey::urgency::background);
    std::vector<own_writes::unreleased> released;
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < some.size(); ++i) {
        if (!replies[i].succeeded()) continue;
        released.push_back(some[i]);
        keys.push_back(some[i].key);
    }
    own.count(keys);
    own.forget(released);
    co_return released.size() == some.size();
}

asio::awaitable<bool> tiers::state::purge_after_overflow(std::uint64_t overflow) {
    for (const auto& family : options.families) {
        const auto purged = co_await purge(family);
        if (!purged) co_return false;
    }
    own.forget_all(overflow);
    co_return true;
}

}  // namespace larder::cache
