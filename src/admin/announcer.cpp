#include "announcer.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "larder/json.hpp"
#include "process_name.hpp"

namespace LARDER_NAMESPACE::admin {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds tell_every = 2s, at_first = 500ms;
constexpr std::size_t most_reasons = 2;
constexpr std::size_t longest_reason = 200;

}  // namespace

announcer::announcer(asio::io_context& io, observer& of, std::string address)
    : observer_(of), address_(std::move(address)), pause_(io) {}

void announcer::start() { asio::co_spawn(pause_.get_executor(), run(), asio::detached); }

void announcer::stop() {
    stopped_ = true;
    pause_.cancel();
}

asio::awaitable<void> announcer::run() {
    while (!stopped_) {
        auto told = co_await text();
        if (stopped_) break;
        observer_.tell_valkey(name_of_process(), std::move(told));
        pause_.expires_after(++told_ < 5 ? at_first : tell_every);  // it may not be connected yet
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

asio::awaitable<std::string> announcer::text() {
    const auto seen = co_await observer_.glance();
    const auto now = std::chrono::steady_clock::now();
    totals_.add(totals_of(seen.workers, now));
    const auto grown = totals_.growth();
    const auto& about = seen.about;
    instance_status all{
        .instance = name_of_process(),
        .version = std::string{seen.version},
        .address = address_,
        .uptime_s = std::chrono::duration_cast<std::chrono::seconds>(now - begun_).count(),
        .is_ready = about.is_ready(),
        .reasons = about.reasons,
        .window_ms = totals_.window().count(),
        .local_hits = static_cast<std::int64_t>(grown.local_hits),
        .shared_hits = static_cast<std::int64_t>(grown.shared_hits),
        .misses = static_cast<std::int64_t>(grown.misses),
        .requests = {},
        .workers = about.workers.all,
        .trusted_workers = about.valkey.trusted_workers,
        .follows_here = about.follower.follows_here,
        .is_followed = about.follower.is_followed,
        .late_ms = about.follower.late_ms};
    if (seen.counts_requests) all.requests = static_cast<std::int64_t>(grown.requests);
    if (all.reasons.size() > most_reasons) all.reasons.resize(most_reasons);
    for (auto& one : all.reasons) one = one.substr(0, longest_reason);
    co_return json::text(all);
}

}  // namespace LARDER_NAMESPACE::admin
