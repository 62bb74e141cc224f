// The TLS of a service, whose files may be renewed under it. Private to larder.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <tuple>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// What connections begin with: that of the files when they were read last.
class certificates {
public:
    using context = boost::asio::ssl::context;

    /// As tls_context(), which throws.
    certificates(std::string key, std::string certificate, std::string authorities);

    /// For a new connection; those that there are keep their own. From any thread.
    std::shared_ptr<context> current() const;
    /// Reads the files anew. Those that cannot be used change nothing but the log.
    void renew();
    /// The same if they are others than those that were read last, and have not changed since the
    /// call before: whoever writes several of them may be between two.
    void renew_if_changed();

private:
    /// Device, file, time of change and size of each.
    using identity = std::array<std::tuple<dev_t, ino_t, time_t, long, off_t>, 3>;

    identity look() const;

    const std::array<std::string, 3> files_;  // key, certificate, authorities
    identity read_, seen_;
    mutable std::mutex mutex_;
    std::shared_ptr<context> current_;  // guarded by the mutex
};

/// Looks at the files twice a second.
class certificate_watch {
public:
    certificate_watch(boost::asio::io_context& io, certificates& watched);
    void stop();

private:
    void wait();

    certificates& watched_;
    boost::asio::steady_timer timer_;
    bool is_stopped_ = false;
};

}  // namespace LARDER_NAMESPACE::http
