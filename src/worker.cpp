#include "worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "http/caching.hpp"
#include "http/certificates.hpp"
#include "http/cors.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"
#include "pg/tables.hpp"
#include "process_name.hpp"
#include "processors.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

using namespace std::chrono_literals;

unsigned workers_of(const app_options& options) {
    static const unsigned one_each = processors();
    return options.workers > 0 ? options.workers : one_each;
}

namespace {

// What every answer has beside.
void complete(const app_options& o, const http::request& r, http::response& answer) {
    if (answer.status >= 400) {
        answer.headers.emplace_back("vary", "accept");
        if (http::prefers_problem(r.header("accept"))) make_problem(answer);
    }
    http::allow_origins(o.cors_origins, r, answer);
}

}  // namespace

http::server_options server_options_of(const app_options& o, const http::certificates* tls) {
    std::string headers;
    const auto is_given = [&](std::string_view name) {
        return std::ranges::any_of(o.headers,
                                   [&](const auto& h) { return http::same(h.first, name); });
    };
    if (o.server_header && !is_given("server")) headers += "server: larder\r\n";
    for (const auto& [name, value] : o.headers)
        headers.append(name).append(": ").append(value).append("\r\n");
    return {.keep_alive_timeout = o.keep_alive_timeout,
            .request_timeout = o.request_timeout,
            .max_header_bytes = o.max_header_bytes,
            .max_body_bytes = o.max_body_bytes,
            .tls = tls,
            .access_log = o.access_log,
            .log_all_ids = o.log_all_ids,
            .log_durations = o.log_durations,
            .owns_listener = !o.descriptor,
            .date_header = o.date_header && !is_given("date"),
            .headers = std::move(headers),
            .complete = [&o](const http::request& r, http::response& a) { complete(o, r, a); },
            .trusted_proxies = o.trusted_proxies};
}

namespace {

// Which Valkey the entries of a family were last trusted in; see pg/tables.hpp.
asio::awaitable<cache::server_record> server_of(pg::pool& connections, const pg::logins& shared,
                                                std::string family) {
    using kind = cache::server_record::kind;
    if (shared.lacks_tables) co_return cache::server_record{.is = kind::not_kept};
    if (!shared.has_tables) co_return cache::server_record{};
    static constexpr pg::statement ask{pg::tables::read_server, true};
    const pg::parameters which(1, std::move(family));
    const auto rows = co_await connections.run(ask, which);
    cache::server_record known{.is = kind::kept};
    if (rows.size() > 0) known.server = *rows.text(0, 0);
    co_return known;
}

asio::awaitable<bool> note_server(pg::pool& connections, std::string family, std::string before,
                                  std::string server) {
    static constexpr pg::statement note{pg::tables::write_server};
    pg::parameters what(1, std::move(family));
    what.emplace_back(std::move(before));
    what.emplace_back(std::move(server));
    const auto done = co_await connections.run(note, what);
    co_return done.affected() == 1;
}

}  // namespace

worker::worker(const app_options& options, const routes& all, const cached_families& families,
               cache::own_writes& own, const std::shared_ptr<pg::logins>& logins,
               traffic& all_requests, std::string_view not_ready)
    : routes_(all),
      options_(options),
      traffic_(all_requests),
      db_(io_.get_executor(), options.source.value_or(pg::pool_options{}), logins),
      cache_(io_.get_executor(), options.shared.value_or(valkey::client_options{}), own,
             {.ttl = options.ttl,
              .policies = families.policies,
              .turn_timeout = db_.acquire_timeout(),
              .unfollowed = options.follow == following::off
                                ? std::nullopt
                                : std::optional<std::chrono::milliseconds>{options.unfollowed},
              .is_followed_by_log =
                  options.follow == following::automatic || options.follow == following::required,
              .families = families.names,
              .declared = families.declared,
              .by_generation = families.by_generation,
              .prefix = options.cache_prefix,
              .program = options.name,
              .local_bytes = options.local_bytes / workers_of(options),
              .counts_keys = options.admin.has_value()}),
      not_ready_(not_ready),
      logins_(logins),
      give_up_(io_) {
    if (options.admin) counts_.emplace(all.names().size());
    if (options.self_check.count() > 0 && options.source && options.shared)
        self_check_.emplace(
            io_.get_executor(), cache_, [this] { return db_.stats().waiting > 0; },
            self_check::options{.every = options.self_check,
                                .bound = self_check::bound_of(options.follow != following::off,
                                                              options.unfollowed)});
    if (!options.source) return;
    cache_.remember_servers(
        {.read = [this, logins](
                     std::string family) { return server_of(db_, *logins, std::move(family)); },
         .write =
             [this](std::string family, std::string before, std::string server) {
                 return note_server(db_, std::move(family), std::move(before), std::move(server));
             }});
}

// Where requests are counted, or each step is to be in the log, none is answered without them.
void worker::listen(http::acceptor listening, http::server_options options) {
    constexpr std::size_t most = 4 << 20;
    const bool is_counted = options_.limit_requests > 0 || options_.max_requests > 0;
    if (!is_counted && options_.shared && options_.source)
        options.known_bytes = std::min(most, options_.local_bytes / workers_of(options_) / 4);
    options.still_has = [this](std::string_view key, std::uint64_t version) {
        std::optional<http::entry_times> times;
        if (spdlog::should_log(spdlog::level::debug)) return times;
        if (const auto hit = cache_.find(key, version)) times = {hit->age, hit->left};
        return times;
    };
    options.had_again = [this](std::string_view key) {
        cache_.count_hit(cache::origin::local, key);
    };
    options.together = [this](const std::function<void()>& all) { cache_.find_together(all); };
    if (counts_) options.counts = &*counts_;
    server_.emplace(io_, std::move(listening), std::move(options),
                    [this](const http::request& r) { return answer(r); });
}

// What an instance writes while it is cut off from Valkey, PostgreSQL tells the others.
void worker::hear_announcements(const pg::pool_options& source,
                                const std::shared_ptr<pg::logins>& logins, cache::own_writes& own) {
    announcements_.emplace(
        io_.get_executor(), source, logins,
        pg::listener::events{
            .heard = [this](std::string_view one) { cache_.hear(one); },
            .say = [&own] { return own.announcements(); },
            .unannounced = [&own] { return own.unannounced(); },
            .is_settled = [&own] { return own.is_settled(); },
            .identified = [&own](std::string which) { own.identify(std::move(which)); },
            .concerns = [this](std::string_view one) { return cache_.concerns(one); }},
        &db_);
}

// Where the log is read no pooler is in between.
void worker::hear(const heard_channels& channels) {
    const auto& log = options_.follow_source;
    if (log) spdlog::info("Notifications are listened for where PG_FOLLOW_URI leads");
    hearing_.emplace(io_.get_executor(), log ? *log : *options_.source, log ? nullptr : logins_,
                     channels, db_, cache_);
}

void worker::follow(std::vector<followed> what, const cache::own_writes& own) {
    following_.emplace();
    const auto forget = [this](const follow::untrue& it) {
        following_->changed_keys += it.keys.size();
        if (!it.families.empty()) ++following_->purges;
        if (!it.families.empty()) cache_.invalidate_all_of(it.families, it.why);
        if (!it.keys.empty()) cache_.invalidate(it.changed_keys());
    };
    const auto which = [&own, this] {
        auto valkey = own.visited();
        return valkey.empty() ? valkey : options_.cache_prefix + ' ' + valkey;
    };
    const auto say = [this, by = name_of_process()](const follow::progress& how) {
        followed_at_ = std::chrono::steady_clock::now();
        if (!std::exchange(following_->is_following, true)) ++following_->sessions;
        following_->late = how.late;
        following_->behind_bytes = options_.follow == following::triggers ? 0 : how.behind;
        cache_.say_followed({.by = by, .since = how.since, .late = how.late});
    };
    const auto& log = options_.follow_source;
    follower_.emplace(io_.get_executor(), options_.follow, log ? *log : *options_.source,
                      log ? options_.source : std::nullopt, std::move(what),
                      follow::follower::events{.broken = forget,
                                               .of = which,
                                               .program = options_.name,
                                               .follows = say,
                                               .ends = [this] {
                                                   following_->is_following = false;
                                                   cache_.say_unfollowed();
                                               }});
}

asio::awaitable<http::response> worker::answer(const http::request& r) {
    const bool is_counted = options_.limit_requests > 0 || options_.max_requests > 0;
    return is_counted ? answer_in_turn(r) : answer_by_route(r);
}

asio::awaitable<http::response> worker::answer_in_turn(const http::request& r) {
    if (++traffic_.begun == options_.max_requests) traffic_.enough();
    const auto limit = options_.limit_requests;
    struct turn {
        explicit turn(std::atomic<std::size_t>& n) : in_flight(n), before(n++) {}
        ~turn() { --in_flight; }
        std::atomic<std::size_t>& in_flight;
        const std::size_t before;
    };
    const turn mine{traffic_.in_flight};
    if (limit > 0 && mine.before >= limit) {
        auto busy = http::error_response(503, "Too many requests at a time");
        busy.headers.emplace_back("retry-after", "1");
        co_return busy;
    }
    auto answered = co_await answer_by_route(r);
    co_return answered;
}

// A proxy may or may not have taken away what it has before the paths.
asio::awaitable<http::response> worker::answer_by_route(http::request r) {
    const auto& root = options_.root_path;
    for (auto* path : {&r.path, &r.raw_path})
        if (!root.empty() && path->starts_with(root) && path->substr(root.size()).starts_with('/'))
            path->remove_prefix(root.size());
    const auto found = routes_.find(r.path, r.raw_path);
    const auto* e = found.to ? found.to->find(r.method) : nullptr;
    r.members = &found.members;
    const auto number = found.to ? found.to->number : 0;
    std::optional<http::response> refused;
    if (!e) refused = answer_without_endpoint(routes_, r, root);
    else refused = refuse_foreign_page(options_.cors_origins, r);
    if (!refused && awaits_follower_ && e->needs_source()) {
        refused = http::error_response(503, "Nobody follows the writes of others yet");
        refused->headers.emplace_back("retry-after", "1");
    }
    if (refused) {
        refused->route = number;
        co_return std::move(*refused);
    }
    pg::session session{db_, r.trace};
    exchange by_http{.asked = http::directives_of(r), .client_reload = options_.client_reload};
    services mine{session, cache_, &by_http};
    auto answered = co_await e->answer(mine, not_ready_, r);
    answered.route = number;
    co_return answered;
}

// The first request should find the cache, if there is one; and that is trusted when PostgreSQL has
// said what is unreleased.
asio::awaitable<void> worker::start() {
    if (announcements_) co_await announcements_->start();
    if (options_.shared && options_.source) co_await cache_.start();  // else it serves nothing
    if (follower_) follower_->start();
    if (options_.follow == following::required) {
        awaits_follower_ = true;
        server_->start();  // who comes too early is told so
        co_await until_followed();
        awaits_follower_ = false;
    }
    if (self_check_) self_check_->start();
    server_->start();
}

// By this instance or another one that uses the same Valkey.
asio::awaitable<void> worker::until_followed() {
    asio::steady_timer pause{io_};
    while (options_.shared && options_.source && !cache_.is_followed() && !stopping_) {
        pause.expires_after(20ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

void worker::begin_to_hear() {
    asio::post(io_, [this] {
        if (hearing_ && !stopping_) hearing_->start();
    });
}

void worker::run(std::function<void(std::exception_ptr)> accepts) {
    asio::co_spawn(io_, start(), std::move(accepts));
    io_.run();
}

void worker::stop(std::chrono::milliseconds timeout) {
    asio::post(io_, [this, timeout] {
        stopping_ = true;
        if (self_check_) self_check_->stop();
        release_until_ = std::chrono::steady_clock::now() + timeout - std::min(timeout / 10, 200ms);
        give_up_.expires_after(timeout);
        give_up_.async_wait([this](boost::system::error_code ec) {
            if (!ec) cut_off();
        });
        server_->start();  // it may still wait for the cache
        server_->stop([this] { asio::co_spawn(io_, finish(), asio::detached); });
    });
}

void worker::cut_off() {
    cut_off_ = true;
    io_.stop();
}

// What could not be released in Valkey, and writes whose outcome is not known, have what is left of
// the time; and no more than that, as PostgreSQL keeps it for the next process.
asio::awaitable<void> worker::finish() {
    constexpr auto worth_a_wait = 5s;
    if (hearing_) co_await hearing_->stop();
    drained_ = true;
    co_await cache_.drain(
        std::min(release_until_, std::chrono::steady_clock::now() + worth_a_wait));
    give_up_.cancel();
    if (announcements_) announcements_->stop();
    if (follower_) follower_->stop();
    cache_.stop();
    db_.close();
}

}  // namespace LARDER_NAMESPACE
