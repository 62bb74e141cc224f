// Whether who follows reads the log of what is served. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <optional>

#include "larder/pg/pool.hpp"
#include "pg/connection.hpp"

namespace LARDER_NAMESPACE::follow {

/// A connection to what is served, where the log is read by another address: that may lead to
/// another server, or to another database there, whose log says nothing of what is served.
class same_server {
public:
    /// Without options both have one address, and there is nothing to ask.
    same_server(const boost::asio::any_io_executor& executor,
                const std::optional<pg::pool_options>& served) {
        if (!served) return;
        options_ = pg::kept_alive(*served);
        served_.emplace(executor, options_);
    }

    /// Throws pg::error.
    boost::asio::awaitable<void> connect();
    /// Throws cannot_follow if `reader` leads elsewhere, and pg::error. One round trip each.
    boost::asio::awaitable<void> expect(pg::connection& reader);
    void interrupt() {
        if (served_) served_->interrupt();
    }

private:
    pg::pool_options options_;
    std::optional<pg::connection> served_;
};

}  // namespace LARDER_NAMESPACE::follow
