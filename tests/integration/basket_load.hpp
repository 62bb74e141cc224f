// Instances of the service of baskets, and readers and writers at work on them.
#pragma once

#include <atomic>
#include <future>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

#include "basket_report.hpp"
#include "basket_writer.hpp"
#include "support/store_test.hpp"

namespace larder::test {

/// Its tables have four groups of baskets, and each group has a writer.
class basket_load {
public:
    struct options {
        environment env;
        bool is_followed = true;
        std::chrono::milliseconds bound = std::chrono::seconds{1} * slack;  ///< of a promise
        int share_past_it = 40;  ///< of all changes, in percent
        unsigned seed = std::random_device{}();
    };

    explicit basket_load(options given) : how{std::move(given)} {
        std::cout << "LARDER_SEED=" << how.seed << '\n';
        servers.restore();
        valkey_client{servers.valkey.uri()}.flush();
        for (int i = 0; i < 4; ++i)
            groups_.emplace_back(i + 1, how.seed + static_cast<unsigned>(i));
        fill();
        auto env = servers.env();
        env.insert(how.env.begin(), how.env.end());
        if (how.is_followed) {
            env["CACHE_FOLLOW"] = "auto";
            env["PG_DATABASE"] = servers.store.database();
            EXPECT_EQ(run_to_end({program("basket"), "follow", "setup"}, env).status, 0);
        }
        for (int i = 0; i < 3; ++i)
            instances.push_back(std::make_unique<basket_instance>(
                servers.postgres, servers.store.database(), env, "basket" + std::to_string(i)));
        EXPECT_TRUE(!how.is_followed || eventually([this] {
            return std::ranges::any_of(instances, [](const auto& one) {
                return one->log().find(basket_follows) != std::string::npos;
            });
        }));
        // Who never rests holds the entries nearly always, so that readers hardly meet one.
        for (int rest = 2; auto& group : groups_) {
            threads_.emplace_back([this, &group, rest] { write_until_over(group, rest); });
            rest *= 4;
        }
        threads_.emplace_back([this] { replace_all_until_over(); });
        threads_.emplace_back([this] { change_vouchers_until_over(); });
        for (int i = 0; i < 6; ++i)
            threads_.emplace_back([this, i] { read_until_over(how.seed + 100U + i); });
    }
    ~basket_load() {
        over_ = true;
        threads_.clear();
        instances.clear();
        servers.store.connect().exec(drop_basket_tables);
    }

    /// Whether it answers reads, of one basket at least.
    bool is_back(std::size_t instance) const {
        return eventually([&] {
            try {
                return get(instances[instance]->port(), price_path(101)).status == 200;
            } catch (const std::runtime_error&) {
                return false;
            }
        });
    }

    /// Ends the load. Then PostgreSQL has to have what was made and nothing else, and so has each
    /// instance once the last change is due.
    basket_report finish() {
        over_ = true;
        threads_.clear();
        auto by = servers.store.connect();
        const auto truth = contents_of(by);
        auto all = vouchers_.now();
        for (const auto& group : groups_) {
            all.prices.insert(group.now().prices.begin(), group.now().prices.end());
            all.quantities.insert(group.now().quantities.begin(), group.now().quantities.end());
        }
        EXPECT_EQ(truth.prices, all.prices) << "changes are lost, or made twice";
        EXPECT_EQ(truth.quantities, all.quantities) << "changes are lost, or made twice";
        EXPECT_EQ(truth.percents, all.percents) << "changes are lost, or made twice";
        return judge(groups_, vouchers_, readings_, promise);
    }
    void expect_right_and_kept_everywhere() const {
        for (const auto& group : groups_)
            for (const auto basket : group.all_baskets())
                for (const auto& one : instances) expect_kept(*one, basket, group.now());
        for (const auto& [voucher, percent] : vouchers_.now().percents)
            for (const auto& one : instances) expect_percent(*one, voucher, percent);
    }

    const options how;
    backends& servers = backends::shared();
    basket_instances instances;
    basket_writer::counts counts;
    std::atomic<int> failed_reads{0};
    basket_promise promise{.bound = how.bound};

private:
    void expect_kept(const basket_instance& at, int basket, const contents& then) const {
        http_response got;
        EXPECT_TRUE(eventually(
            [&] {
                got = get(at.port(), price_path(basket));
                return got.body == then.price_of(basket) && get(at.port(), lines_path(basket))
                                                                .header("cache-status")
                                                                .ends_with("detail=local");
            },
            promise.bound))
            << got.body << " and not " << then.price_of(basket);
    }
    void expect_percent(const basket_instance& at, int voucher, int percent) const {
        http_response got;
        EXPECT_TRUE(eventually(
            [&] {
                got = get(at.port(), price_path(101, voucher));
                const auto parts = price_parts::of(got.body, voucher);
                return parts && parts->percent == std::to_string(percent);
            },
            promise.bound))
            << got.body << " and not with " << percent << " %";
    }
    void fill() {
        auto by = servers.store.connect();
        by.exec(drop_basket_tables);
        by.exec(basket_tables);
        for (const auto& group : groups_) {
            for (const auto basket : group.all_baskets())
                by.exec("INSERT INTO baskets VALUES (" + std::to_string(basket) + ")");
            for (const auto& [product, price] : group.now().prices)
                by.exec("INSERT INTO products VALUES (" + std::to_string(product) + ", 1, '" +
                        title_of(product) + "', " + money(price) + ")");
            by.exec(sql_of({.quantities = group.now().quantities}, {}));
        }
        for (const auto& [voucher, percent] : vouchers_.now().percents)
            by.exec("INSERT INTO vouchers VALUES ('" + code_of(voucher) + "', " +
                    std::to_string(percent) + ", '2099-12-31')");
    }

    void pause(std::mt19937& chance, int ms) const {
        if (!over_)
            std::this_thread::sleep_for(
                std::chrono::microseconds{std::uniform_int_distribution{0, 2'000 * ms}(chance)});
    }

    // One change, or two at the same time.
    void write_until_over(basket_group& group, int rest) {
        basket_writer one{instances, servers.store, counts};
        basket_writer other{instances, servers.store, counts};
        while (!over_) {
            {
                const std::scoped_lock lock{mutex_of(group)};
                if (group.below(3) == 0) write_two(group, one, other);
                else write_one(group, one);
            }
            pause(group.chance(), rest);
        }
    }
    bool is_past_it(basket_group& group) const { return group.below(100) < how.share_past_it; }
    void write_one(basket_group& group, basket_writer& by) {
        const bool past_it = is_past_it(group);
        const auto what = past_it ? group.several() : group.one_price_or_quantity();
        if (!group.take({what})) return;
        const auto instance = static_cast<std::size_t>(group.below(3));
        if (auto made = past_it ? by.make_past_it(what, sql_of(what, group.now()))
                                : by.make_by_service(what, instance))
            group.add({std::move(*made)});
    }
    void write_two(basket_group& group, basket_writer& by, basket_writer& other) {
        const bool past_it = is_past_it(group);
        const auto a = group.one_price_or_quantity();
        const auto b = past_it ? group.several() : group.one_price_or_quantity();
        if (a.has_any_of(b) || !group.take({a, b})) return;
        const auto first = static_cast<std::size_t>(group.below(3));
        const auto sql = sql_of(b, group.now());
        auto second = std::async(std::launch::async, [&] {
            return past_it ? other.make_past_it(b, sql) : other.make_by_service(b, (first + 1) % 3);
        });
        std::vector<made_change> made;
        if (auto one = by.make_by_service(a, first)) made.push_back(std::move(*one));
        if (auto one = second.get()) made.push_back(std::move(*one));
        if (made.size() == 2) ++counts.at_once;
        group.add(std::move(made));
    }
    // TRUNCATE, and other items in the same transaction.
    void replace_all_until_over() {
        basket_writer by{instances, servers.store, counts};
        std::mt19937 chance{how.seed};
        while (!over_) {
            pause(chance, 700);
            std::vector<std::unique_lock<std::mutex>> locks;
            for (auto& group : groups_) locks.emplace_back(mutex_of(group));
            if (how.share_past_it == 0 || over_) continue;
            std::string sql = "TRUNCATE basket_items;";
            std::vector<change> parts;
            change all;
            bool is_new = true;
            for (auto& group : groups_) {
                parts.push_back(group.other_items());
                is_new = is_new && group.take({parts.back()});
                all.quantities.insert(parts.back().quantities.begin(),
                                      parts.back().quantities.end());
            }
            if (!is_new) continue;
            std::map<item_key, int> rest;
            for (const auto& [item, quantity] : all.quantities)
                if (quantity > 0) rest[item] = quantity;
            const auto made = by.make_past_it(all, sql + sql_of({.quantities = rest}, {}));
            for (std::size_t i = 0; made && i < groups_.size(); ++i) {
                auto part = *made;
                part.what = parts[i];
                groups_[i].add({part});
            }
        }
    }
    void change_vouchers_until_over() {
        basket_writer by{instances, servers.store, counts};
        std::mt19937 chance{how.seed};
        while (!over_ && how.share_past_it > 0) {
            pause(chance, 30);
            const auto what =
                vouchers_.next(std::uniform_int_distribution{1, voucher_list::size}(chance));
            if (auto made = by.make_past_it(what, sql_of(what, {})))
                vouchers_.add(std::move(*made));
        }
    }
    std::mutex& mutex_of(const basket_group& group) {
        return mutexes_[static_cast<std::size_t>(&group - groups_.data())];
    }

    void read_until_over(unsigned seed) {
        std::mt19937 chance{seed};
        std::vector<check::client> links;
        for (const auto& one : instances)
            links.emplace_back(one->to(), std::chrono::seconds{5} * slack);
        std::vector<basket_reading> own;
        const auto below = [&](int n) { return std::uniform_int_distribution{0, n - 1}(chance); };
        while (!over_) {
            basket_reading one{.instance = static_cast<std::size_t>(below(3)),
                               .basket = 100 * (1 + below(4)) + 1 + below(basket_group::baskets),
                               .voucher = below(2) ? 1 + below(voucher_list::size) : 0};
            const auto request =
                "GET " + price_path(one.basket, one.voucher) + " HTTP/1.1\r\nhost: baskets\r\n\r\n";
            one.began = std::chrono::steady_clock::now();
            auto got = links[one.instance].exchange(request);
            one.ended = std::chrono::steady_clock::now();
            const bool is_answer = got.failure == check::failure::none && got.status == 200;
            one.body = std::move(got.body);
            if (is_answer) own.push_back(std::move(one));
            else ++failed_reads;
            pause(chance, is_answer ? 1 : 20);
        }
        const std::scoped_lock lock{mutex_};
        std::ranges::move(own, std::back_inserter(readings_));
    }

    std::vector<basket_group> groups_;
    voucher_list vouchers_;
    std::array<std::mutex, 4> mutexes_;  // of the groups
    std::atomic<bool> over_{false};
    std::mutex mutex_;  // guards the next
    std::vector<basket_reading> readings_;
    std::vector<std::jthread> threads_;
};

}  // namespace larder::test
