// Changes baskets through the service and past it, and finds out what became of each change.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "basket_contents.hpp"
#include "support/eventually.hpp"
#include "support/pg_client.hpp"
#include "support/sample.hpp"

namespace larder::test {

using basket_instances = std::vector<std::unique_ptr<basket_instance>>;

/// What PostgreSQL has.
inline contents contents_of(pg_client& by) {
    contents all;
    const auto read = [&](const std::string& query, auto&& row) {
        std::istringstream text{by.scalar(query)};
        for (std::array<long, 3> n{}; text >> n[0] >> n[1] >> n[2];) row(n);
    };
    read("SELECT string_agg(concat_ws(' ', prod_id, (price * 100)::int, 0), ' ') FROM products",
         [&](const auto& n) { all.prices[static_cast<int>(n[0])] = n[1]; });
    read("SELECT string_agg(concat_ws(' ', basketid, prod_id, quantity), ' ') FROM basket_items",
         [&](const auto& n) {
             all.quantities[{static_cast<int>(n[0]), static_cast<int>(n[1])}] =
                 static_cast<int>(n[2]);
         });
    read("SELECT string_agg(concat_ws(' ', substr(code, 2), percent, 0), ' ') FROM vouchers",
         [&](const auto& n) { all.percents[static_cast<int>(n[0])] = static_cast<int>(n[1]); });
    return all;
}

/// One client of the instances and of PostgreSQL: one change at a time.
class basket_writer {
public:
    struct counts {
        std::atomic<int> by_service{0}, past_it{0}, at_once{0}, refused{0}, not_told{0};
    };

    basket_writer(const basket_instances& instances, const sample& store, counts& into)
        : instances_{instances}, store_{store}, counts_{into} {
        // An instance answers in time, or it is killed: what it takes it may do at any time.
        for (const auto& one : instances)
            links_.emplace_back(one->to(), std::chrono::seconds{30} * slack);
    }

    /// Nothing if it was not made.
    std::optional<made_change> make_by_service(const change& what, std::size_t instance) {
        made_change made{.what = what};
        const auto session = instances_[instance]->session_name();
        const auto request = request_of(what);
        made.begun = std::chrono::steady_clock::now();
        const auto got = links_[instance].exchange(request);
        made.acknowledged = std::chrono::steady_clock::now();
        const auto became = check::outcome_of(got);
        if (became == check::outcome::stored) {
            ++counts_.by_service;
            return made;
        }
        if (became == check::outcome::not_stored) {
            ++counts_.refused;
            return std::nullopt;
        }
        const auto& at = *instances_[instance];
        return look_for(std::move(made), [&](pg_client& by, const std::string& since) {
            return by.scalar("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '" +
                             std::string{at.name()} + ".%' AND (xact_start <= '" + since +
                             "' OR application_name <> '" + at.session_name() + "')");
        });
    }

    /// The same, in one transaction of its own.
    std::optional<made_change> make_past_it(const change& what, const std::string& sql) {
        made_change made{.what = what, .by_service = false};
        int session = 0;
        try {
            if (!psql_) psql_ = std::make_unique<pg_client>(store_.connect());
            session = psql_->backend_pid();
        } catch (const std::runtime_error&) {
            ++counts_.refused;
            return std::nullopt;
        }
        made.begun = std::chrono::steady_clock::now();
        try {
            psql_->exec(sql);
            made.acknowledged = std::chrono::steady_clock::now();
            ++counts_.past_it;
            return made;
        } catch (const sql_error&) {
            psql_.reset();
        }
        return look_for(std::move(made), [&](pg_client& by, const std::string&) {
            return by.scalar("SELECT count(*) FROM pg_stat_activity WHERE pid = " +
                             std::to_string(session));
        });
    }

    counts& counted() { return counts_; }

private:
    // Once nobody is left who could make it, it was made or never will be.
    template <class StillThere>
    std::optional<made_change> look_for(made_change made, StillThere&& still_there) {
        ++counts_.not_told;
        std::string since;
        bool is_there = false;
        const bool is_over = eventually(
            [&] {
                try {
                    auto by = store_.connect();
                    if (since.empty()) since = by.scalar("SELECT clock_timestamp()");
                    if (still_there(by, since) != "0") return false;
                    is_there = contents_of(by).has(made.what);
                    return true;
                } catch (const std::runtime_error&) {
                    return false;
                }
            },
            patience * 3);
        EXPECT_TRUE(is_over) << "nobody knows whether a change was made";
        made.acknowledged = std::chrono::steady_clock::now();
        made.was_found = true;
        return is_there ? std::optional{std::move(made)} : std::nullopt;
    }

    const basket_instances& instances_;
    const sample& store_;
    counts& counts_;
    std::vector<check::client> links_;
    std::unique_ptr<pg_client> psql_;
};

}  // namespace larder::test
