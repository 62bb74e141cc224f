// larder's own connections to PostgreSQL, in a test.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "larder/pg/pool.hpp"

namespace larder::test {

/// A pool of a worker of its own, which works while the test waits for it.
struct pg_worker {
    pg_worker(const std::string& uri, const std::string& database, pg::pool_options options = {})
        : pool{io.get_executor(), with(std::move(options), uri, database)} {}

    /// What the coroutine returns; throws what it throws.
    template <class T>
    T run(boost::asio::awaitable<T> what) {
        std::exception_ptr failed;
        std::optional<T> value;
        boost::asio::co_spawn(io, std::move(what), [&](std::exception_ptr why, T v) {
            failed = std::move(why);
            value.emplace(std::move(v));
        });
        io.restart();
        while (!failed && !value) io.run_one();
        if (failed) std::rethrow_exception(failed);
        return std::move(*value);
    }
    void run(boost::asio::awaitable<void> what) {
        std::exception_ptr failed;
        bool ended = false;
        boost::asio::co_spawn(io, std::move(what), [&](std::exception_ptr why) {
            failed = std::move(why);
            ended = true;
        });
        io.restart();
        while (!ended) io.run_one();
        if (failed) std::rethrow_exception(failed);
    }

    boost::asio::io_context io{1};
    pg::pool pool;

private:
    static pg::pool_options with(pg::pool_options options, const std::string& uri,
                                 const std::string& database) {
        options.server = *pg::conninfo::parse(uri);
        options.server.set("dbname", database);
        const pg::pool_options usual;
        const bool is_usual = options.connect_timeout == usual.connect_timeout;
        if (std::getenv("LARDER_PATIENT") && is_usual)  // as backends::env() has it
            options.connect_timeout = options.acquire_timeout = std::chrono::seconds{5};
        return options;
    }
};

}  // namespace larder::test
