// Prices of baskets over three instances, with and without a voucher, while items and prices change
// through the service and past it, and vouchers past it, also while things fail: each answer is a
// price that the basket had between the changes that were due before it was asked for and those
// begun before it was answered.
//
//   LARDER_SOAK=1            minutes instead of seconds
//   LARDER_SEED=N            what is done, as far as the threads' order allows

#include <cstdlib>
#include <functional>

#include "basket_load.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

const bool is_soak = std::getenv("LARDER_SOAK") != nullptr;

basket_load::options options() {
    basket_load::options all;
    if (const auto* text = std::getenv("LARDER_SEED"))
        all.seed = static_cast<unsigned>(std::strtoul(text, nullptr, 10));
    return all;
}

basket_report finish(basket_load& all) {
    const auto found = all.finish();
    const auto& counts = all.counts;
    std::cout << found.reads << " answers, " << all.failed_reads << " failed; " << counts.by_service
              << " changes by the service, " << counts.past_it << " past it, " << 2 * counts.at_once
              << " of them two at a time, " << counts.refused << " refused, " << counts.not_told
              << " not told; stale " << found.stale << ", " << found.stale_percents
              << " of them by a percent, by " << found.stale_by.count() << " ms at most, early "
              << found.early << ", never there " << found.unknown
              << "; changes past the service seen after " << found.late_by.count()
              << " ms at most\n";
    EXPECT_EQ(found.early, 0) << found.violations;
    EXPECT_EQ(found.unknown, 0) << found.violations;
    EXPECT_GT(all.counts.by_service, 0);
    EXPECT_GT(all.counts.at_once, 0);
    return found;
}

// Where the machine keeps Valkey or PostgreSQL from answering in time, that is a fault.
const environment patient{{"CACHE_DEADLINE_MS", "5000"}, {"PG_DEADLINE_MS", "5000"}};

TEST(basket_consistency, has_no_stale_price_without_faults) {
    auto how = options();
    how.env = patient;
    basket_load all{how};
    std::this_thread::sleep_for(is_soak ? 120s : 6s);
    const auto found = finish(all);
    EXPECT_EQ(found.stale, 0) << found.violations;
    EXPECT_EQ(all.failed_reads, 0);
    EXPECT_EQ(all.counts.refused + all.counts.not_told, 0);
    EXPECT_GT(all.counts.past_it, 0);
    EXPECT_GT(found.reads, 1'000 / slack);
    all.expect_right_and_kept_everywhere();
}

// A cache that is really wrong: nobody tells it of what is changed past the service.
TEST(basket_consistency, finds_stale_prices_where_nobody_follows) {
    auto how = options();
    how.env = patient;
    how.is_followed = false;
    how.bound = 100ms;
    basket_load all{how};
    std::this_thread::sleep_for(1s * slack);
    const auto found = finish(all);
    EXPECT_GT(found.stale_percents, 0);
    EXPECT_GT(found.stale, found.stale_percents);
}

struct basket_faults : testing::Test {
    basket_load all{options()};

    // Until all instances answer again, and what is changed is seen again.
    void excused(const std::function<void()>& fault) {
        const auto begun = clock::now();
        fault();
        for (std::size_t i = 0; i < all.instances.size(); ++i)
            EXPECT_TRUE(all.is_back(i)) << all.instances[i]->log();
        all.promise.excused.emplace_back(begun, clock::now() + 1s * slack);
    }
    void valkey(std::initializer_list<std::string_view> words) const {
        valkey_client{all.servers.valkey.uri()}.command(words);
    }
    static std::string name_of(int what, std::size_t i) {
        static constexpr std::array names{"kill instance", "freeze instance", "FLUSHALL",
                                          "CLIENT KILL",   "kill Valkey",     "end sessions"};
        return std::string{names.at(static_cast<std::size_t>(what))} +
               (what < 2 ? ' ' + std::to_string(i) : "");
    }
    void happens(int what, std::size_t i) {
        auto& one = *all.instances[i];
        switch (what) {
            case 0:
                excused([&] {
                    one.kill();
                    one.start();
                });
                break;
            case 1:
                excused([&] {
                    one.freeze();
                    std::this_thread::sleep_for(1s);
                    one.thaw();
                });
                break;
            case 2: valkey({"FLUSHALL"}); break;
            case 3: valkey({"CLIENT", "KILL", "TYPE", "normal"}); break;
            case 4:
                excused([&] {
                    all.servers.valkey.kill();
                    all.servers.valkey.start();
                });
                break;
            default:
                excused([&] {
                    all.servers.store.connect().scalar(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND random() < 0.5"
                        " AND backend_type IN ('client backend', 'walsender')");
                });
        }
    }
};

TEST_F(basket_faults, leave_no_price_stale) {
    std::mt19937 chance{options().seed};
    std::vector<int> kinds{0, 1, 2, 3, 4, 5};
    for (int round = 0; round < (is_soak ? 20 : 1); ++round) {
        std::ranges::shuffle(kinds, chance);
        for (const auto kind : kinds) {
            std::this_thread::sleep_for(1s * slack + 700ms);  // nothing is excused at its end
            const auto i = std::uniform_int_distribution<std::size_t>{0, 2}(chance);
            const auto begun = clock::now();
            happens(kind, i);
            const auto over = clock::now();
            all.promise.faults.push_back({{begun, over}, name_of(kind, i)});
            all.promise.disturbed.emplace_back(begun, over + 1s * slack);
        }
    }
    std::this_thread::sleep_for(1s * slack + 700ms);
    const auto found = finish(all);
    EXPECT_EQ(found.stale, 0) << found.violations;
    EXPECT_GT(found.reads, 1'000 / slack);
    all.expect_right_and_kept_everywhere();
}

}  // namespace
}  // namespace larder::test
