#pragma once

#include <atomic>
#include <string>

#include "support/pg_client.hpp"
#include "support/servers.hpp"

namespace larder::test {

/// A small shop in a database of its own: the tables `customers` and `orders` as the original
/// dellstore2 has them, 20,000 customers, and `orders` orders, of which customer 9999 has none
/// and each of the customers 1 to 9000 at least one.
class sample {
public:
    explicit sample(const postgres_server& server, std::string database = "dellstore",
                    int orders = 12000);

    /// Takes away what tests did to the orders.
    void reset();

    /// The first column of the first row, over a connection that the thread has until reset(): a
    /// login costs more than most questions.
    std::string ask(const std::string& sql) const;

    pg_client connect() const { return pg_client{server_.uri(), database_}; }
    const std::string& database() const { return database_; }

private:
    std::string digest(pg_client& sql) const;

    const postgres_server& server_;
    std::string database_;
    int orders_;
    std::string loaded_by_;  // the transaction
    std::string base_digest_;
    std::atomic<int> resets_ = 0;
};

}  // namespace larder::test
