// Somebody inserts orders with psql, others through the service, while one process after another is
// killed or frozen: instances, of which one follows PostgreSQL's log, PostgreSQL and Valkey.
//
//   LARDER_SOAK=1            ten minutes instead of one
//   LARDER_SEED=N            what is done, and in which order

#include <atomic>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr const char* insert =
    "INSERT INTO orders (orderdate, customerid, netamount, tax, totalamount)"
    " VALUES ('2024-01-01', 9998, 1, 0, 1)";
// Nobody else writes on it, so that nothing but the log tells of it.
constexpr const char* target = "/count?customerid=9998";

const auto bound = 1'000ms * slack;         // once service is back
const auto bound_frozen = 3'000ms * slack;  // once a process was frozen

// What was committed, and when its writer was told.
class orders_told {
public:
    void add() {
        const std::scoped_lock lock{mutex_};
        times_.push_back(clock::now());
    }
    long before(clock::time_point when) const {
        const std::scoped_lock lock{mutex_};
        return std::lower_bound(times_.begin(), times_.end(), when) - times_.begin();
    }

private:
    mutable std::mutex mutex_;
    std::deque<clock::time_point> times_;
};

struct follow_kills : testing::Test {
    follow_kills() {
        auto by = all.servers.store.connect();
        by.exec("DELETE FROM orders WHERE customerid = 9998");
        begun_with = std::stol(by.scalar("SELECT count(*) FROM orders"));
        strict_from = clock::now() + bound;
    }

    // Until the end. Whether a write of an unknown outcome was made is found at the end.
    void write_by_psql() {
        std::unique_ptr<pg_client> by;
        while (!over) {
            try {
                if (!by)
                    by = std::make_unique<pg_client>(servers.postgres.uri(),
                                                     servers.store.database());
                ++inserts;
                by->exec(insert);
                told.add();
            } catch (const std::runtime_error&) {
                by.reset();
            }
            std::this_thread::sleep_for(5ms);
        }
    }
    void write_by(std::size_t instance) {
        while (!over) {
            try {
                ++posts;
                if (test::add(all.at(instance).port(), tutorial_order).status == 200) ++posted;
            } catch (const std::runtime_error&) {
            }
            std::this_thread::sleep_for(20ms);
        }
    }
    void read_from(std::size_t instance) {
        while (!over) {
            const auto began = clock::now();
            const bool is_strict = began > strict_from.load();
            const auto least = told.before(began - bound);
            try {
                const auto answer = get(all.at(instance).port(), target);
                long count = 0;
                const bool is_answer =
                    answer.status == 200 &&
                    std::sscanf(answer.body.c_str(), "{\"count\":%ld}", &count) == 1;
                const bool was_strict = is_strict && clock::now() > strict_from.load();
                if (is_answer) ++answers;
                if (is_answer && was_strict && count < least) {
                    const std::scoped_lock lock{mutex};
                    ADD_FAILURE() << "instance " << instance << " counts " << count << " and not "
                                  << least << ", after: " << doing;
                }
                if (is_answer) {
                    EXPECT_LE(count, inserts);
                }
            } catch (const std::runtime_error&) {
            }
            std::this_thread::sleep_for(3ms);
        }
    }
    void not_strict(const std::string& what) {
        strict_from = clock::time_point::max();
        const std::scoped_lock lock{mutex};
        doing = what;
    }
    void is_back() {
        for (std::size_t i = 0; i < all.size(); ++i)
            EXPECT_TRUE(eventually([&] {
                try {
                    return get(all.at(i).port(), "/count").status == 200;
                } catch (const std::runtime_error&) {
                    return false;
                }
            })) << "instance "
                << i << " does not answer after: " << doing;
        strict_from = clock::now() + bound;
    }

    backends& servers = backends::shared();
    cluster all{3, orders_serve, followed(), ways::straight};
    long begun_with = 0;
    orders_told told;
    std::atomic<long> inserts{0}, posts{0}, posted{0}, answers{0};
    std::atomic<bool> over{false};
    std::atomic<clock::time_point> strict_from;
    std::mutex mutex;  // guards the next
    std::string doing;
};

TEST_F(follow_kills, leave_nothing_stale_or_lost) {
    const auto* text = std::getenv("LARDER_SEED");
    const auto seed = text ? std::strtoul(text, nullptr, 10) : std::random_device{}();
    std::cout << "LARDER_SEED=" << seed << '\n';
    std::mt19937 chance{static_cast<std::mt19937::result_type>(seed)};
    const auto below = [&](unsigned n) { return std::uniform_int_distribution{0U, n - 1}(chance); };
    const auto until = clock::now() + (std::getenv("LARDER_SOAK") ? 600s : 60s);

    std::vector<std::jthread> threads;
    threads.emplace_back([this] { write_by_psql(); });
    threads.emplace_back([this] { write_by(0); });
    for (std::size_t i = 0; i < all.size(); ++i) threads.emplace_back([this, i] { read_from(i); });
    int killed = 0;
    while (clock::now() < until && !HasFailure()) {
        std::this_thread::sleep_for(1'500ms + 100ms * below(10));  // nothing happens
        const auto i = below(3);
        switch (below(6)) {
            case 0:
            case 1:
                not_strict("instance " + std::to_string(i) + " is killed");
                all.at(i).kill();
                all.at(i).start();
                is_back();
                break;
            case 2: {
                not_strict("instance " + std::to_string(i) + " is frozen");
                all.at(i).freeze();
                // The others are right again before it goes on.
                strict_from = clock::now() + bound_frozen;
                std::this_thread::sleep_for(bound_frozen + 500ms);
                not_strict("instance " + std::to_string(i) + " goes on");
                all.at(i).thaw();
                is_back();
                break;
            }
            case 3:
                not_strict("PostgreSQL is killed");
                servers.postgres.kill();
                servers.postgres.start();
                is_back();
                break;
            case 4:
                not_strict("Valkey is killed");
                servers.valkey.kill();
                servers.valkey.start();
                is_back();
                break;
            default:
                not_strict("sessions of PostgreSQL are ended");
                servers.store.connect().scalar(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND random() < 0.5"
                    " AND backend_type IN ('client backend', 'walsender')");
                is_back();
        }
        ++killed;
    }
    std::this_thread::sleep_for(2 * bound);
    over = true;
    threads.clear();
    const auto made = std::stol(servers.store.connect().scalar("SELECT count(*) FROM orders"));
    for (std::size_t i = 0; i < all.size(); ++i)
        EXPECT_TRUE(eventually([&] { return store_test::count(all.at(i).port()) == made; }, bound));
    EXPECT_GE(made, begun_with + told.before(clock::time_point::max()) + posted)
        << "orders are lost";
    EXPECT_LE(made, begun_with + inserts + posts) << "orders are doubled";
    std::cout << killed << " times, " << inserts << " and " << posts << " orders, " << answers
              << " answers\n";
    EXPECT_GT(answers, 1'000);
}

}  // namespace
}  // namespace larder::test
