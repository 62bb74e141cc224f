// Whether what a worker's tiers say is what the source says. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "admin/figures.hpp"
#include "larder/cache/tiers.hpp"

namespace LARDER_NAMESPACE {

/// A few keys at random of those that were read lately, each with what loads its value.
class read_sample {
public:
    static constexpr std::size_t most = 64;

    struct subject {
        std::string key;
        cache::tiers::loader load;
        cache::check is_value = nullptr;
    };
    void add(const std::string& key, const cache::tiers::loader& load, cache::check is_value);
    /// At most so many, each once.
    std::vector<subject> some(std::size_t count);
    std::size_t size() const { return all_.size(); }

private:
    std::vector<subject> all_;
    std::mt19937_64 random_{std::random_device{}()};
};

/// Now and then, a few entries are compared with what the source says. A difference counts when the
/// very same entry still differs after the time for which the promises allow it: a write of the
/// service would have deleted the entry, and an entry that was stored again has another end. A
/// value that is another one at each load is none that can be judged.
///
/// Errors   none: what cannot be loaded is not compared.
/// Threads  one worker's.
/// Cost     every `every` a load each of four keys, unless requests wait for the source; a copy of
///          the loader of some reads that the local tier did not answer. Nothing where it is off.
/// Source   Polaris: "Cache made consistent", Meta, 2022.
class self_check {
public:
    struct options {
        std::chrono::milliseconds every;
        std::chrono::milliseconds bound;  ///< for so long an entry may differ
    };
    /// For so long an entry may differ once something has changed in the source.
    static std::chrono::milliseconds bound_of(bool is_followed,
                                              std::chrono::milliseconds unfollowed);
    /// How long an entry has to have differed to be counted once more, after so many times: for
    /// each of `self_check_figures::ages`.
    static std::chrono::milliseconds age_of(std::size_t counted, std::chrono::milliseconds bound);

    self_check(const boost::asio::any_io_executor& executor, cache::tiers& cache,
               std::function<bool()> is_busy, options how);

    void start();
    /// A comparison that goes on ends soon.
    void stop();
    const admin::self_check_figures& figures() const { return figures_; }

private:
    using time_point = std::chrono::steady_clock::time_point;
    using sight = cache::tiers::sight;
    struct suspect {
        read_sample::subject of;
        sight seen;
        time_point since, due;
        std::size_t ages = 0;  // that it was counted for
    };

    boost::asio::awaitable<void> run();
    boost::asio::awaitable<void> compare_some();
    boost::asio::awaitable<void> compare(read_sample::subject one);
    boost::asio::awaitable<void> look_again();
    boost::asio::awaitable<bool> still_differs(const suspect& one);
    boost::asio::awaitable<bool> is_still_there(const suspect& one);
    static boost::asio::awaitable<std::optional<std::string>> load(read_sample::subject one);
    void count(suspect& one);

    cache::tiers& cache_;
    const std::function<bool()> is_busy_;
    const options options_;
    boost::asio::steady_timer pause_;
    read_sample sample_;
    std::vector<suspect> suspects_;
    admin::self_check_figures figures_;
    bool stopped_ = false;
};

}  // namespace LARDER_NAMESPACE
