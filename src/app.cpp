#include "larder/app.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

#include "admin/announcer.hpp"
#include "admin/health_page.hpp"
#include "admin/observer.hpp"
#include "admin/server.hpp"
#include "app_state.hpp"
#include "cache/declared.hpp"
#include "cache/load_bound.hpp"
#include "docs.hpp"
#include "http/certificates.hpp"
#include "http/listener.hpp"
#include "process_name.hpp"
#include "process_signals.hpp"
#include "trace/exporter.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

namespace {

http::listen_options listen_options_of(const app_options& o) {
    return {.host = o.host,
            .port = o.port,
            .unix_path = o.unix_path,
            .descriptor = o.descriptor,
            .backlog = o.backlog};
}

}  // namespace

namespace {

// As OpenTelemetry names these. What the user says of the service counts.
trace::resource resource_of(const app_options& o) {
    auto all = o.traces->attributes;
    const auto add = [&all](const std::string& name, const std::string& value) {
        std::erase_if(all, [&](const auto& one) { return one.first == name; });
        all.emplace_back(name, value);
    };
    if (!o.traces->service.empty()) add("service.name", o.traces->service);
    const auto add_default = [&all](const std::string& name, const std::string& value) {
        const auto has = [&](const auto& one) { return one.first == name; };
        if (std::ranges::none_of(all, has)) all.emplace_back(name, value);
    };
    add_default("service.name", o.name);
    add_default("service.version", o.version);
    add_default("service.instance.id", name_of_process());
    return all;
}

}  // namespace

int listen(const app_options& options) {
    asio::io_context io{1};
    return http::listen(io, listen_options_of(options)).release();
}

int listen(const admin_options& options) {
    asio::io_context io{1};
    return http::listen(io, admin::listen_options_of(options)).release();
}

app::app(app_options options) : state_(std::make_unique<state>(std::move(options))) {}
app::~app() = default;

namespace {

// A row that does not tell all values of a key may be any entry's.
followed followed_by(const cache::key& family, const cache::depends_on& source) {
    followed one{std::string{family.family()}, std::string{source.table}, {}};
    one.is_by_generation = family.is_by_generation();
    if (!family.is_told_by(source)) return one;
    const auto columns = source.columns();
    one.is_only_counted = source.is_only_counted;
    one.column = columns.front();
    one.more_columns.assign(columns.begin() + 1, columns.begin() + family.parameters());
    return one;
}

// `shop:books:7` would be an entry of `shop` with two parameters, and of `shop:books` with one.
// What is kept by generation has one more.
void expect_apart(const cache::key& family, const std::vector<cache::key>& others) {
    const auto is_within = [](std::string_view name, std::string_view other) {
        return name.size() > other.size() && name.starts_with(other) && name[other.size()] == ':';
    };
    for (const auto& other : others) {
        const auto a = family.family(), b = other.family();
        const auto has_one = [](const cache::key& one) {
            return one.parameters() == 1 && !one.is_by_generation();
        };
        if (has_one(family) && has_one(other)) continue;
        if (is_within(a, b) || is_within(b, a))
            throw std::logic_error("the families " + std::string{a} + " and " + std::string{b} +
                                   " could have an entry in common");
    }
}

}  // namespace

void app::reads(const cache::key& family) {
    const std::string name{family.family()};
    auto& all = state_->families;
    if (const auto& how = family.policy(); how != cache::policy{}) {
        auto& of = all.policies[name];
        of.how = how;
        if (how.loads_at_once > 0)
            of.turns = std::make_shared<cache::load_bound>(how.loads_at_once);
    }
    expect_apart(family, state_->keys);
    state_->keys.push_back(family);
    all.declared = cache::declared_by(state_->keys);
    if (std::ranges::find(all.names, name) == all.names.end()) all.names.push_back(name);
    if (family.is_by_generation()) all.by_generation.insert(name);
    auto& dependencies = state_->dependencies;
    for (const auto& source : family.sources()) {
        auto one = followed_by(family, source);
        if (std::ranges::find(dependencies, one) == dependencies.end())
            dependencies.push_back(std::move(one));
    }
}

void app::hears(std::string channel, notified then) {
    const auto& source = state_->options.source;
    pg::expect_channel(channel);
    if (state_->channels.empty() && source && source->max_of_process > 0)
        state_->logins = std::make_shared<pg::logins>(source->max_of_process - 1);
    if (!state_->channels.emplace(std::move(channel), std::move(then)).second)
        throw std::invalid_argument("the channel has a handler already");
}

void app::add(openapi::operation docs, std::unique_ptr<endpoint> e) {
    state_->routes.at(docs.path).endpoints.emplace_back(docs.method, std::move(e));
    state_->operations.push_back(std::move(docs));
}

std::string app::openapi() const {
    const auto& o = state_->options;
    return openapi::document({.title = o.name, .version = o.version, .text = o.about, .ttl = o.ttl},
                             state_->operations);
}

void app::state::say_ready(const std::string& url) const {
    spdlog::info("{} listening on {} with {} workers (Press CTRL+C to quit)", options.name, url,
                 workers.size());
    if (!options.shared) spdlog::error("Not ready: {}", options.no_shared);
    if (!options.source) spdlog::error("Not ready: {}", options.no_source);
}

void app::state::make_workers(http::acceptor listening) {
    auto server = server_options_of(options, tls ? &*tls : nullptr);
    if (traces) server.traces = &*traces;
    server.route_names = &routes.names();
    for (unsigned i = 0; i < workers_of(options); ++i) {
        auto& w = workers.emplace_back(
            std::make_unique<worker>(options, routes, families, own, logins, traffic, not_ready()));
        w->listen(http::share(w->io(), listening), server);
    }
    if (!options.source || !options.shared) return;
    if (!channels.empty()) workers.front()->hear(channels);
    own.expect_source();
    workers.front()->hear_announcements(*options.source, logins, own);
    if (options.follow != following::off && !dependencies.empty())
        workers.front()->follow(dependencies, own);
}

// Whoever sends requests here is to hear first that this instance is not ready any more.
void app::state::stop(asio::steady_timer& drain) {
    if (std::exchange(stopping, true)) return;
    if (options.drain_delay.count() == 0) return stop_workers();
    spdlog::info("{} is not ready any more, and stops in {} s", options.name,
                 options.drain_delay.count());
    waits_to_stop = true;
    drain.expires_after(options.drain_delay);
    drain.async_wait([this](boost::system::error_code) {
        waits_to_stop = false;
        stop_workers();
    });
}

void app::state::stop_workers() {
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
        state_->routes.at(page.path).endpoints.emplace_back(http::method::get,
                                                            std::move(page.answer));
    asio::io_context io{1};
    const auto& o = state_->options;
    admin::observer watch{io,
                          {.options = o,
                           .routes = state_->routes,
                           .workers = state_->workers,
                           .own = state_->own,
                           .logins = *state_->logins,
                           .traces = state_->traces ? &*state_->traces : nullptr,
                           .not_set_up = state_->not_ready()}};
    if (o.health)
        for (auto& page : admin::health_pages(io, watch))
            state_->routes.at(page.path).endpoints.emplace_back(http::method::get,
                                                                std::move(page.answer));
    if (o.tls) state_->tls.emplace(o.tls->key, o.tls->certificate, o.tls->client_authorities);
    auto listening = http::listen(io, listen_options_of(o));
    const auto where = http::text_of(listening.local_endpoint());
    const auto scheme = where.starts_with("unix:") ? "" : o.tls ? "https://" : "http://";
    std::optional<admin::server> for_operators;
    if (o.admin) for_operators.emplace(io, *o.admin, watch);
    std::optional<trace::exporter> traces;
    if (o.traces) {
        traces.emplace(io, *state_->traces, *o.traces, resource_of(o), o.version);
        traces->start();
    }
    asio::steady_timer drain{io};
    const auto stop = [&] {
        watch.is_stopping();
        state_->stop(drain);
    };
    const auto cut_off = [&] {  // the delay at first
        if (state_->waits_to_stop) drain.cancel();
        else state_->cut_off();
    };
    state_->traffic.enough = [&io, stop] { asio::post(io, stop); };
    process_signals signals{
        io, {.stop = stop, .cut_off = cut_off, .renew = [this] { state_->renew(); }}};
    std::optional<http::certificate_watch> certificates;
    if (state_->tls) certificates.emplace(io, *state_->tls);
    state_->make_workers(std::move(listening));
    admin::announcer instances{io, watch, scheme + where};
    if (o.shared && o.source) instances.start();

    std::size_t running = state_->workers.size(), starting = running;
    std::exception_ptr why_not;
    const auto started = [&](const std::exception_ptr& failed) {
        asio::post(io, [&, failed] {
            if (failed) why_not = failed;
            if (failed) state_->cut_off();
            if (--starting > 0 || why_not || state_->stopping) return;
            watch.has_started();
            state_->workers.front()->begin_to_hear();
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
                    if (certificates) certificates->stop();
                    drain.cancel();
                    instances.stop();
                    watch.end();
                    const bool in_order = std::ranges::all_of(
                        state_->workers, [](auto& one) { return one->is_drained(); });
                    if (traces && in_order) traces->stop();
                    else if (traces) traces->close();
                    if (!for_operators) return;
                    if (in_order) for_operators->stop();
                    else for_operators->close();
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

}  // namespace LARDER_NAMESPACE
