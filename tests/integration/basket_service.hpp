// The service of baskets, its tables, and its instances.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "larder/check/client.hpp"
#include "support/process.hpp"
#include "support/servers.hpp"

namespace larder::test {

inline std::vector<std::string> basket_command(std::uint16_t port) {
    return {program("basket"), "serve", "--port", std::to_string(port)};
}
inline constexpr const char* basket_listens = "basket listening";
inline constexpr const char* basket_follows = "Follows PostgreSQL's log";

/// Vouchers have numbers here; 0 is none.
inline std::string code_of(int voucher) { return "V" + std::to_string(voucher); }

inline std::string price_path(int basket, int voucher = 0) {
    return "/baskets/" + std::to_string(basket) + "/price" +
           (voucher ? "?voucher=" + code_of(voucher) : "");
}
inline std::string item_path(int basket, int product) {
    return "/baskets/" + std::to_string(basket) + "/items/" + std::to_string(product);
}
inline std::string product_path(int product) { return "/products/" + std::to_string(product); }

/// What is in it; says from which tier that is.
inline std::string lines_path(int basket) { return "/baskets/" + std::to_string(basket); }

inline constexpr const char* drop_basket_tables =
    "DROP TABLE IF EXISTS basket_items, baskets, vouchers, products";
inline constexpr const char* basket_tables =
    "CREATE TABLE products (prod_id int PRIMARY KEY, category int NOT NULL, title text NOT NULL,"
    "  price numeric(12,2));"
    " CREATE TABLE baskets (basketid int PRIMARY KEY);"
    " CREATE TABLE vouchers (code text PRIMARY KEY, percent int, valid_until date);"
    " CREATE TABLE basket_items (basketid int REFERENCES baskets, prod_id int REFERENCES products,"
    "  quantity int CHECK (quantity BETWEEN 1 AND 1000), PRIMARY KEY (basketid, prod_id))";

/// One instance, always on the same port. Its sessions in PostgreSQL have a name of their own, and
/// another one after each start.
class basket_instance {
public:
    basket_instance(const postgres_server& source, std::string database, environment env,
                    std::string name)
        : source_{source},
          database_{std::move(database)},
          env_{std::move(env)},
          name_{std::move(name)} {
        start();
    }
    ~basket_instance() {
        if (!running_) return;
        thaw();
        running_->signal(SIGTERM);
        EXPECT_EQ(running_->wait(), 0) << log();
        if (testing::Test::HasFailure())
            std::fprintf(stderr, "%s:\n%s", name(), whole_log().c_str());
    }
    basket_instance(const basket_instance&) = delete;
    basket_instance& operator=(const basket_instance&) = delete;

    /// Returns when it listens.
    void start() {
        env_["PG_SERVICE_URI"] = source_.with("application_name=" + session_name());
        env_["PG_DATABASE"] = database_;
        running_.emplace(basket_command(port_), env_);
        EXPECT_TRUE(running_->wait_for_err(basket_listens)) << log();
    }
    /// As a crash does.
    void kill() {
        ++starts_;
        past_ += log();
        running_.reset();
    }
    void freeze() { running_->signal(SIGSTOP); }
    void thaw() { running_->signal(SIGCONT); }

    std::uint16_t port() const { return port_; }
    const check::endpoint& to() const { return to_; }
    const char* name() const { return name_.c_str(); }
    std::string session_name() const { return name_ + '.' + std::to_string(starts_.load()); }
    std::string log() const { return running_->err(); }
    std::string whole_log() const { return past_ + log(); }

private:
    const postgres_server& source_;
    const std::string database_;
    environment env_;
    const std::string name_;
    const std::uint16_t port_ = free_port();
    const check::endpoint to_{{"127.0.0.1", std::to_string(port_)}};
    std::atomic<int> starts_{0};
    std::string past_;
    std::optional<child> running_;
};

}  // namespace larder::test
