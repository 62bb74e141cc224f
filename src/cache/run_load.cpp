#include "run_load.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "larder/cache/load_error.hpp"
#include "load_bound.hpp"
#include "trace/recorder.hpp"

namespace larder::cache {

namespace asio = boost::asio;

namespace {

using place_ptr = std::shared_ptr<load_bound::place>;

asio::awaitable<std::string> begin_load(const tiers::loader& load, const trace::context& within) {
    const trace::scope here{within};
    return load();
}

// A load has its turn until it has really ended, also if nobody waits for it any more.
asio::awaitable<std::string> load_in_turn(tiers::loader load, place_ptr mine,
                                          trace::context within) {
    trace::active span{within, trace::kind::internal, "load"};
    std::exception_ptr failed;
    std::string text;
    try {
        text = co_await begin_load(load, span.inside());
    } catch (const std::exception& e) {
        span.fail(e.what());
        failed = std::current_exception();
    } catch (...) {
        failed = std::current_exception();
    }
    mine.reset();
    if (failed) std::rethrow_exception(failed);
    co_return text;
}

// Null if that takes too long.
task<place_ptr> wait_for_turn(std::shared_ptr<load_bound> in, load_site here, time_point until) {
    const auto id = here.of.make();
    auto called = [id, outside = here.outside.shared_from_this()] {
        asio::post(outside->executor(), [id, outside] { outside->resume(id); });
    };
    auto mine = std::make_shared<load_bound::place>(std::move(in), std::move(called));
    if (!mine->has_turn()) co_await here.of.until(id, until);
    if (!mine->has_turn()) mine.reset();
    co_return mine;
}

class measured {
public:
    explicit measured(stats& all) : all_(all) { ++all_.loads; }
    measured(const measured&) = delete;
    measured& operator=(const measured&) = delete;
    ~measured() {
        if (!succeeded) ++all_.failed_loads;
        all_.load_ns += static_cast<std::uint64_t>(
            std::chrono::nanoseconds{std::chrono::steady_clock::now() - begun_}.count());
    }
    bool succeeded = false;

private:
    stats& all_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace

task<std::string> run_load(tiers::loader load, load_site here, const tiers_options& options,
                           const family_policy* of, stats& all) {
    const auto begun = here.outside.now();
    std::optional<time_point> until;
    if (of && of->how.timeout) until = begun + *of->how.timeout;
    place_ptr turn;
    if (of && of->turns) {
        const auto patience = begun + options.turn_timeout;
        turn =
            co_await wait_for_turn(of->turns, here, std::min(patience, until.value_or(patience)));
        if (!turn) ++all.refused_loads;
        if (!turn) throw load_error{"too many of its kind are being loaded"};
    }
    measured mine{all};
    auto work = load_in_turn(std::move(load), std::move(turn), here.of.trace());
    auto text = co_await as_task(here.outside, here.of, std::move(work), until);
    if (!text) throw load_error{"it took too long"};
    mine.succeeded = true;
    co_return std::move(*text);
}

}  // namespace larder::cache
