// Host names to addresses, without blocking a worker. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// One look-up at a time, by one thread.
class look_up {
public:
    using addresses = std::vector<std::string>;

    explicit look_up(boost::asio::any_io_executor executor);
    ~look_up();
    look_up(const look_up&) = delete;
    look_up& operator=(const look_up&) = delete;

    /// Each once, in order, as text; none if nobody knows the name. Nothing if no name server has
    /// answered by the deadline.
    boost::asio::awaitable<std::optional<addresses>> find(
        std::string name, std::chrono::steady_clock::time_point deadline);
    /// Why the last one found no address, in the words of the system's resolver; empty if it did.
    const std::string& why() const { return why_; }
    /// It is waited for no longer.
    void cancel();

private:
    struct asker;
    class all;

    const boost::asio::any_io_executor executor_;
    std::shared_ptr<asker> waiting_;
    std::string why_;
};

}  // namespace LARDER_NAMESPACE
