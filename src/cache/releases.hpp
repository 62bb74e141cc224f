// What Valkey could not be told, told as soon as it can be. Private to cache.
#pragma once

#include <set>
#include <string>

#include "cache/shared_tier.hpp"
#include "cache/trust.hpp"
#include "larder/cache/own_writes.hpp"
#include "task.hpp"
#include "valkey/client.hpp"

namespace LARDER_NAMESPACE::cache {

/// Whichever worker reaches Valkey releases what any worker of the process could not.
///
/// Threads  one worker's; own_writes is shared.
class releases {
public:
    releases(waits& w, valkey::client& client, trust& believed, own_writes& own,
             const tiers_options& options)
        : waits_(w), client_(client), trust_(believed), own_(own), options_(options) {}

    /// Tries now, if Valkey is trusted and no try goes on.
    void soon();
    /// To be called every now and then.
    void tick();
    void stop() { stopped_ = true; }

private:
    task<void> run();
    task<bool> some();
    task<bool> purge_untrue();
    task<bool> purge(own_writes::untrue_family one, std::set<std::string>& walked);

    waits& waits_;
    valkey::client& client_;
    trust& trust_;
    own_writes& own_;
    const tiers_options& options_;
    time_point last_{};
    bool running_ = false;
    bool stopped_ = false;
    nursery home_;
};

}  // namespace LARDER_NAMESPACE::cache
