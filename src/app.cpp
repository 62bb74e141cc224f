#include "larder/app.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "docs.hpp"
#include "follow/follower.hpp"
#include "follow/setup.hpp"
#include "http/caching.hpp"
#include "http/certificates.hpp"
#include "http/cors.hpp"
#include "http/listener.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"
#include "http/text.hpp"
#include "pg/connection.hpp"
#include "pg/listener.hpp"
#include "pg/logins.hpp"
#include "pg/tables.hpp"
#include "process_signals.hpp"
#include "processors.hpp"
#include "routes.hpp"

namespace larder {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace detail {

namespace {

http::response answer_for(const pg::error& e, bool is_write, const pg::pool& connections) {
    const std::string sentence = e.what();
    const auto state = e.sqlstate().empty() ? "" : " (SQLSTATE " + e.sqlstate() + ")";
    const auto verb = is_write ? "updating" : "querying";
    if (e.kind() == pg::failure::unavailable || e.kind() == pg::failure::interrupted) {
        connections.tell(e);
        const bool is_unknown = is_write && e.kind() == pg::failure::interrupted;
        auto r = http::error_response(
            503, "Error connecting to database: " + sentence + state +
                     (is_unknown ? "; it is not known whether the change was stored" : ""));
        r.headers.emplace_back("retry-after", "1");
        return r;
    }
    spdlog::error("Error {} database: {}{}", verb, sentence, state);
    return http::error_response(500,
                                std::string{"Error "} + verb + " database: " + sentence + state);
}

// "application/json; charset=utf-8" and the like: what stands before the parameters.
bool is_json_type(std::string_view type) {
    type = http::trim(type.substr(0, type.find(';')));
    const auto end = type.substr(type.size() - std::min<std::size_t>(type.size(), 5));
    return http::same(end, "/json") || http::same(end, "+json");
}

// A list of content codings that change nothing.
bool is_identity(std::string_view codings) {
    while (!codings.empty()) {
        const auto one = http::take_until(codings, ',');
        if (!one.empty() && !http::same(one, "identity")) return false;
    }
    return true;
}

}  // namespace

http::response answer_for_exception(bool is_write, const pg::pool& connections) {
    try {
        throw;
    } catch (const pg::error& e) {
        return answer_for(e, is_write, connections);
    } catch (const http::invalid_input& e) {
        return {.status = 422, .body = http::faults_json(e.faults())};
    } catch (const http::error& e) {
        return http::error_response(e.status(), e.what());
    } catch (const std::exception& e) {
        spdlog::error("A handler failed: {}", e.what());
        return http::error_response(500, "Internal Server Error");
    } catch (...) {
        spdlog::error("A handler failed with something that is no std::exception");
        return http::error_response(500, "Internal Server Error");
    }
}

http::response answer_to_get(const http::request& r, std::string body, const exchange* how,
                             std::string_view cache_control) {
    static const exchange nothing;
    return http::cached_answer(r, std::move(body), how ? *how : nothing, cache_control);
}

std::optional<http::response> refuse_precondition(const http::request& r) {
    if (!http::is_precondition_failed(r)) return std::nullopt;
    return http::error_response(412, "Precondition Failed");
}

std::optional<http::response> refuse_media_type(const http::request& r) {
    if (r.body.empty()) return std::nullopt;
    if (!r.content_type.empty() && !is_json_type(r.content_type))
        return http::error_response(415, "Unsupported Media Type: send application/json");
    if (is_identity(r.header("content-encoding"))) return std::nullopt;
    auto refused =
        http::error_response(415, "Unsupported Media Type: send it without a content-encoding");
    refused.headers.emplace_back("accept-encoding", "identity");  // RFC 9110, section 12.5.3
    return refused;
}

}  // namespace detail

namespace {

http::listen_options listen_options_of(const app_options& o) {
    return {.host = o.host,
            .port = o.port,
            .unix_path = o.unix_path,
            .descriptor = o.descriptor,
            .backlog = o.backlog};
}

unsigned workers_of(const app_options& options) {
    static const unsigned one_each = processors();
    return options.workers > 0 ? options.workers : one_each;
}

// What the workers of a process share about its requests.
struct traffic {
    std::atomic<std::size_t> in_flight{0}, begun{0};
    std::function<void()> enough = {};  // of max_requests
};

// What every answer has beside.
void complete(const app_options& o, const http::request& r, http::response& answer) {
    if (answer.status >= 400) {
        answer.headers.emplace_back("vary", "accept");
        if (http::prefers_problem(r.header("accept"))) make_problem(answer);
    }
    http::allow_origins(o.cors_origins, r, answer);
}

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

// One thread with all that it needs: nothing of it is touched by another while it runs.
class worker {
public:
    worker(const app_options& options, const routes& all, const std::vector<std::string>& families,
           cache::own_writes& own, const std::shared_ptr<pg::logins>& logins, traffic& all_requests,
           std::string_view not_ready);

    void listen(http::acceptor acceptor, const http::server_options& options);
    /// For the whole process.
    void hear_announcements(const pg::pool_options& source,
                            const std::shared_ptr<pg::logins>& logins, cache::own_writes& own);
    /// Likewise.
    void follow(const pg::pool_options& source, std::vector<followed> what,
                const cache::own_writes& own);
    asio::io_context& io() { return io_; }
    /// Ends it in the middle of everything. From any thread.
    void cut_off();
    bool is_cut_off() const { return cut_off_; }
    /// `accepts` is called when it does, or with why it cannot.
    void run(std::function<void(std::exception_ptr)> accepts);
    void stop(std::chrono::milliseconds timeout);
    /// Whether everything that it had begun has ended. Ask when run() has returned.
    bool is_drained() const { return drained_; }

private:
    asio::awaitable<http::response> answer(const http::request& r);
    asio::awaitable<http::response> answer_in_turn(const http::request& r);
    asio::awaitable<http::response> answer_by_route(http::request r);
    asio::awaitable<void> start();
    asio::awaitable<void> finish();

    asio::io_context io_{1};
    const routes& routes_;
    const app_options& options_;
    traffic& traffic_;
    pg::pool db_;
    cache::tiers cache_;
    std::optional<pg::listener> announcements_;
    std::optional<follow::follower> follower_;
    const std::string_view not_ready_;
    std::optional<http::server> server_;
    asio::steady_timer give_up_;
    std::chrono::steady_clock::time_point release_until_;  // at the end
    bool drained_ = false;
    std::atomic<bool> cut_off_ = false;
};

worker::worker(const app_options& options, const routes& all,
               const std::vector<std::string>& families, cache::own_writes& own,
               const std::shared_ptr<pg::logins>& logins, traffic& all_requests,
               std::string_view not_ready)
    : routes_(all),
      options_(options),
      traffic_(all_requests),
      db_(io_.get_executor(), options.source.value_or(pg::pool_options{}), logins),
      cache_(io_.get_executor(), options.shared.value_or(valkey::client_options{}), own,
             {.ttl = options.ttl,
              .unfollowed = options.follow == following::off
                                ? std::nullopt
                                : std::optional<std::chrono::milliseconds>{options.unfollowed},
              .families = families,
              .prefix = options.cache_prefix,
              .local_bytes = options.local_bytes / workers_of(options)}),
      not_ready_(not_ready),
      give_up_(io_) {
    if (!options.source) return;
    cache_.remember_servers(
        {.read = [this, logins](
                     std::string family) { return server_of(db_, *logins, std::move(family)); },
         .write =
             [this](std::string family, std::string before, std::string server) {
                 return note_server(db_, std::move(family), std::move(before), std::move(server));
             }});
}

void worker::listen(http::acceptor listening, const http::server_options& options) {
    server_.emplace(io_, std::move(listening), options,
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

void worker::follow(const pg::pool_options& source, std::vector<followed> what,
                    const cache::own_writes& own) {
    const auto forget = [this](follow::untrue it) {
        if (!it.families.empty()) cache_.invalidate_all();
        if (!it.keys.empty()) cache_.invalidate({it.keys.begin(), it.keys.end()});
    };
    const auto which = [&own, this] {
        auto valkey = own.visited();
        return valkey.empty() ? valkey : options_.cache_prefix + ' ' + valkey;
    };
    follower_.emplace(io_.get_executor(), source, std::move(what),
                      follow::follower::events{.broken = forget,
                                               .of = which,
                                               .program = options_.name,
                                               .follows = [this] { cache_.say_followed(); }});
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
    if (!root.empty() && r.path.starts_with(root) && r.path.substr(root.size()).starts_with('/'))
        r.path.remove_prefix(root.size());
    const auto found = routes_.find(r.path);
    const auto* e = found == routes_.end() ? nullptr : found->second.find(r.method);
    if (!e) co_return answer_without_endpoint(routes_, r, root);
    if (auto refused = refuse_foreign_page(options_.cors_origins, r)) co_return std::move(*refused);
    pg::session session{db_};
    exchange by_http{.asked = http::directives_of(r), .client_reload = options_.client_reload};
    services mine{session, cache_, &by_http};
    auto answered = co_await e->answer(mine, not_ready_, r);
    co_return answered;
}

// The first request should find the cache, if there is one; and that is trusted when PostgreSQL has
// said what is unreleased.
asio::awaitable<void> worker::start() {
    if (announcements_) co_await announcements_->start();
    if (options_.shared) co_await cache_.start();
    if (follower_) follower_->start();
    server_->start();
}

void worker::run(std::function<void(std::exception_ptr)> accepts) {
    asio::co_spawn(io_, start(), std::move(accepts));
    io_.run();
}

void worker::stop(std::chrono::milliseconds timeout) {
    asio::post(io_, [this, timeout] {
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
    drained_ = true;
    co_await cache_.drain(
        std::min(release_until_, std::chrono::steady_clock::now() + worth_a_wait));
    give_up_.cancel();
    if (announcements_) announcements_->stop();
    if (follower_) follower_->stop();
    cache_.stop();
    db_.close();
}

}  // namespace

struct app::state {
    explicit state(app_options o)
        : options(std::move(o)),
          logins(std::make_shared<pg::logins>(
              options.source.value_or(pg::pool_options{}).max_of_process)) {}

    std::string_view not_ready() const {
        if (!options.shared) return options.no_shared;
        if (!options.source) return options.no_source;
        return {};
    }
    void make_workers(http::acceptor listening);
    void stop();
    void cut_off();
    void renew();
    void say_ready(const std::string& url) const;
    int finish();
    void abandon();

    app_options options;
    larder::routes routes;
    std::vector<openapi::operation> operations;
    std::string document;
    std::vector<std::string> families;
    std::vector<followed> dependencies;
    cache::own_writes own;
    std::shared_ptr<pg::logins> logins;
    larder::traffic traffic;
    std::optional<http::certificates> tls;
    std::vector<std::unique_ptr<worker>> workers;
    bool stopping = false;
};

int listen(const app_options& options) {
    asio::io_context io{1};
    return http::listen(io, listen_options_of(options)).release();
}

app::app(app_options options) : state_(std::make_unique<state>(std::move(options))) {}
app::~app() = default;

void app::read_through(std::string_view family, const cache::depends_on& source) {
    state_->families.emplace_back(family);
    state_->dependencies.push_back(
        {std::string{family}, std::string{source.table}, std::string{source.column}});
}

void app::add(openapi::operation docs, std::unique_ptr<endpoint> e) {
    state_->routes[docs.path].endpoints.emplace_back(docs.method, std::move(e));
    state_->operations.push_back(std::move(docs));
}

std::string app::openapi() const {
    const auto& o = state_->options;
    return openapi::document({.title = o.name, .version = o.version, .text = o.about, .ttl = o.ttl},
                             state_->operations);
}

namespace {

asio::awaitable<std::optional<std::size_t>> take_over(pg::connection& source, cache::tiers& cache,
                                                      cache::own_writes& own) {
    co_await source.connect();
    const auto database = co_await pg::tables::identity(source);
    own.identify(database);
    co_await cache.start();
    const auto purged = co_await cache.take_over();
    cache.stop();
    co_return purged;
}

void log_purge(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const pg::error& e) {
        spdlog::error("Cannot purge: {}", e.detail());
    } catch (const std::exception& e) {
        spdlog::error("Cannot purge: {}", e.what());
    }
}

}  // namespace

std::optional<std::size_t> app::purge_cache() {
    const auto& o = state_->options;
    asio::io_context io{1};
    const auto source_options = pg::with_defaults(o.source.value_or(pg::pool_options{}));
    pg::connection source{io.get_executor(), source_options};
    cache::own_writes own;
    own.expect_source();
    cache::tiers cache{io.get_executor(),
                       o.shared.value_or(valkey::client_options{}),
                       own,
                       {.families = state_->families, .prefix = o.cache_prefix}};
    std::optional<std::size_t> purged;
    asio::co_spawn(io, take_over(source, cache, own),
                   [&](const std::exception_ptr& failed, std::optional<std::size_t> all) {
                       if (!failed) purged = all;
                       else log_purge(failed);
                       cache.stop();
                       io.stop();
                   });
    io.run();
    return purged;
}

namespace {

using lines = std::vector<std::string>;

asio::awaitable<lines> follow_by(pg::connection& source, follow_command what,
                                 std::vector<followed> tables, bool dry_run) {
    co_await source.connect();
    if (what == follow_command::status) {
        auto said = co_await follow::status(source, tables);
        co_return said;
    }
    lines plan;
    if (what == follow_command::setup) plan = co_await follow::plan_setup(source, tables);
    else plan = co_await follow::plan_drop(source);
    if (!dry_run) co_await follow::carry_out(source, plan);
    co_return plan;
}

}  // namespace

std::vector<std::string> app::follow(follow_command what, bool dry_run) {
    const auto& o = state_->options;
    asio::io_context io{1};
    const auto source_options = pg::with_defaults(o.source.value_or(pg::pool_options{}));
    pg::connection source{io.get_executor(), source_options};
    lines said;
    std::exception_ptr why_not;
    asio::co_spawn(io, follow_by(source, what, state_->dependencies, dry_run),
                   [&](const std::exception_ptr& failed, lines all) {
                       why_not = failed;
                       said = std::move(all);
                   });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
    return said;
}

void app::state::say_ready(const std::string& url) const {
    spdlog::info("{} listening on {} with {} workers (Press CTRL+C to quit)", options.name, url,
                 workers.size());
    if (!options.shared) spdlog::error("Not ready: {}", options.no_shared);
    if (!options.source) spdlog::error("Not ready: {}", options.no_source);
}

void app::state::make_workers(http::acceptor listening) {
    const auto server = server_options_of(options, tls ? &*tls : nullptr);
    for (unsigned i = 0; i < workers_of(options); ++i) {
        auto& w = workers.emplace_back(
            std::make_unique<worker>(options, routes, families, own, logins, traffic, not_ready()));
        w->listen(http::share(w->io(), listening), server);
    }
    if (!options.source || !options.shared) return;
    own.expect_source();
    workers.front()->hear_announcements(*options.source, logins, own);
    if (options.follow != following::off && !dependencies.empty())
        workers.front()->follow(options.follow_source.value_or(*options.source), dependencies, own);
}

void app::state::stop() {
    if (std::exchange(stopping, true)) return;
    spdlog::info("{} finishes what is in flight and stops", options.name);
    for (auto& w : workers) w->stop(options.shutdown_timeout);
}

void app::state::cut_off() {
    for (auto& w : workers) w->cut_off();
}

void app::state::renew() {
    if (tls) tls->renew();
    else spdlog::info("SIGHUP: there is no certificate that could be read anew");
}

int app::run() {
    state_->document = openapi();
    for (auto& page : docs_pages(state_->document))
        state_->routes[page.path].endpoints.emplace_back(http::method::get, std::move(page.answer));
    asio::io_context io{1};
    const auto& o = state_->options;
    if (o.tls) state_->tls.emplace(o.tls->key, o.tls->certificate, o.tls->client_authorities);
    auto listening = http::listen(io, listen_options_of(o));
    const auto where = http::text_of(listening.local_endpoint());
    const auto scheme = where.starts_with("unix:") ? "" : o.tls ? "https://" : "http://";
    state_->traffic.enough = [this, &io] { asio::post(io, [this] { state_->stop(); }); };
    process_signals signals{io,
                            {.stop = [this] { state_->stop(); },
                             .cut_off = [this] { state_->cut_off(); },
                             .renew = [this] { state_->renew(); }}};
    std::optional<http::certificate_watch> watch;
    if (state_->tls) watch.emplace(io, *state_->tls);
    state_->make_workers(std::move(listening));

    std::size_t running = state_->workers.size(), starting = running;
    std::exception_ptr why_not;
    const auto started = [&](const std::exception_ptr& failed) {
        asio::post(io, [&, failed] {
            if (failed) why_not = failed;
            if (failed) state_->cut_off();
            if (--starting > 0 || why_not || state_->stopping) return;
            state_->say_ready(scheme + where);
            if (o.on_ready) o.on_ready();
        });
    };
    std::vector<std::jthread> threads;
    try {
        for (auto& w : state_->workers)
            threads.emplace_back([&, at = w.get()] {
                at->run(started);
                asio::post(io, [&] {
                    if (--running > 0) return;
                    signals.cancel();
                    if (watch) watch->stop();
                });
            });
    } catch (const std::system_error& e) {  // no more threads
        why_not = std::make_exception_ptr(
            std::system_error(e.code(), "Cannot start " + std::to_string(starting) + " workers"));
        state_->cut_off();
    }
    if (!why_not) io.run();
    threads.clear();
    if (why_not) state_->abandon();
    if (why_not) std::rethrow_exception(why_not);
    return state_->finish();
}

namespace {

// Some of the keys that are left.
std::string named(const cache::own_writes& own, std::size_t left) {
    constexpr std::size_t most = 20;
    std::string names;
    const auto some = own.some(most);
    for (const auto& one : some) names += (names.empty() ? "" : ", ") + one.key;
    if (left > some.size()) names += " and " + std::to_string(left - some.size()) + " more";
    return names;
}

}  // namespace

int app::state::finish() {
    if (const auto left = own.remembered(); left > 0)
        spdlog::error(
            "{} entries could not be invalidated in Valkey: they are handed over to the next "
            "process, by way of PostgreSQL where larder may keep tables: {}",
            left, named(own, left));
    const auto drained = [](const auto& w) { return w->is_drained(); };
    const auto is_cut_off = [](const auto& w) { return w->is_cut_off(); };
    const bool all_drained = std::ranges::all_of(workers, drained);
    if (!all_drained) spdlog::error("{} stops with requests in flight", options.name);
    if (std::ranges::any_of(workers, is_cut_off)) abandon();
    return all_drained ? 0 : 1;
}

// Coroutines are suspended in the middle of something. The process is about to end, so they are
// left as they are.
void app::state::abandon() {
    static auto* abandoned = new std::vector<std::unique_ptr<worker>>;
    std::move(workers.begin(), workers.end(), std::back_inserter(*abandoned));
    workers.clear();
}

}  // namespace larder
