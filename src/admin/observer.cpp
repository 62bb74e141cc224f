#include "observer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

#include "admin/process.hpp"
#include "log/writer.hpp"

namespace larder::admin {

namespace asio = boost::asio;

using namespace std::chrono_literals;

namespace {

constexpr auto good_for = 250ms;  // what was found out
constexpr auto patience = 2s;     // with whoever is asked

}  // namespace

// What came in time. It has nothing of the event loop, as a worker that never answers keeps a
// reference to it.
struct observer::gathering {
    std::vector<std::optional<worker_figures>> workers;
    std::optional<source_answer> source;
    std::size_t left = 0;  // answers
};

struct observer::going_on {
    ~going_on() { of.gathering_.reset(); }
    observer& of;
};

observer::observer(asio::io_context& io, process all) : io_(io), process_(all), over_(io) {}

void observer::end() {
    has_ended_ = true;
    over_.cancel();
}

// On the worker's thread, and back.
void observer::ask(std::size_t which) {
    auto& w = *process_.workers[which];
    asio::post(w.io(), [this, which, &w, to = std::weak_ptr{gathering_}] {
        asio::post(io_, [this, which, to, figures = w.figures()]() mutable {
            const auto still = to.lock();
            if (!still) return;
            still->workers[which] = std::move(figures);
            if (--still->left == 0) over_.cancel();
        });
    });
}

void observer::ask_source() {
    auto& w = *process_.workers.front();
    auto told = [this, to = std::weak_ptr{gathering_}](const std::exception_ptr& failed,
                                                       source_answer said) {
        if (failed) said = {.why_not = "it could not be asked"};
        asio::post(io_, [this, to, said = std::move(said)]() mutable {
            const auto still = to.lock();
            if (!still) return;
            still->source = std::move(said);
            if (--still->left == 0) over_.cancel();
        });
    };
    asio::co_spawn(w.io(), w.ask_source(), std::move(told));
}

asio::awaitable<void> observer::gather(bool asks_source) {
    const auto mine = std::make_shared<gathering>();
    gathering_ = mine;
    const auto workers = process_.workers.size();
    mine->workers.resize(workers);
    const bool has_source = asks_source && process_.not_set_up.empty();
    mine->left = workers + (has_source ? 1 : 0);
    over_.expires_after(patience);
    for (std::size_t i = 0; i < workers; ++i) ask(i);
    if (has_source) ask_source();
    co_await over_.async_wait(asio::as_tuple(asio::use_awaitable));
    workers_ = std::move(mine->workers);
    known_.resize(workers);
    for (std::size_t i = 0; i < workers; ++i)
        if (workers_[i]) known_[i] = *workers_[i];
    if (asks_source)
        source_ = mine->source.value_or(source_answer{.why_not = "it did not answer in time"});
}

asio::awaitable<void> observer::until_nobody_gathers() {
    while (gathering_ && !has_ended_) {
        asio::steady_timer moment{io_, 5ms};
        co_await moment.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

// One at a time, for all who ask meanwhile and a moment later.
asio::awaitable<void> observer::examine() {
    co_await until_nobody_gathers();
    const auto now = std::chrono::steady_clock::now();
    if (has_ended_ || (examined_at_ && now - *examined_at_ < good_for)) co_return;
    const going_on until_the_end{*this};
    co_await gather(true);
    examined_at_ = std::chrono::steady_clock::now();
}

asio::awaitable<observer::glance_at> observer::glance() {
    co_await until_nobody_gathers();
    if (!has_ended_) {
        const going_on until_the_end{*this};
        co_await gather(false);
    }
    auto seen = at();
    for (const auto& one : known_)
        if (one.hears_source)
            seen.source = {.is_reachable = *one.hears_source,
                           .why_not = "the connection that listens to it is lost"};
    co_return glance_at{.version = process_.options.version,
                        .about = judge(seen),
                        .workers = known_,
                        .counts_requests = process_.options.admin.has_value()};
}

void observer::tell_valkey(const std::string& name, std::string text) {
    auto& w = *process_.workers.front();
    asio::post(w.io(), [&w, name, text = std::move(text)]() mutable {
        w.tell_of_instance(name, std::move(text));
    });
}

condition observer::at() const {
    const auto& o = process_.options;
    return {.is_stopping = is_stopping_,
            .has_started = has_started_,
            .not_set_up = std::string{process_.not_set_up},
            .follow = o.follow,
            .local_limit = o.local_bytes,
            .unreleased_keys = process_.own.remembered(),
            .is_foreign = process_.own.finds_foreign(),
            .source = source_,
            .workers = workers_};
}

asio::awaitable<report> observer::health() {
    co_await examine();
    co_return judge(at());
}

asio::awaitable<observation> observer::observe() {
    co_await examine();
    const auto& o = process_.options;
    observation all{
        .service = o.name,
        .version = o.version,
        .routes = process_.routes.names(),
        .at = at(),
        .workers = known_,
        .most_connections = o.source ? o.source->max_of_process : 0,
        .logins = process_.logins.acceptances(),
        .refused_logins = process_.logins.refusals(),
        .lost_log_lines = log::writer::lost_lines(),
        .traces = process_.traces ? std::optional{process_.traces->counts()} : std::nullopt,
        .process = figures_of_process()};
    all.is_ready = judge(all.at).is_ready();
    co_return all;
}

}  // namespace larder::admin
