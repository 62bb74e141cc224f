// A PgBouncer between a test and its PostgreSQL.
#pragma once

#include <cstdint>
#include <string>

#include "support/process.hpp"
#include "support/servers.hpp"

namespace larder::test {

/// A private PgBouncer before a private PostgreSQL, until the end of the scope. It lets everybody
/// in, and logs in to the server as the server's superuser.
class pgbouncer {
public:
    enum class mode { transaction, session };

    /// Returns when it accepts connections. It shares `pool_size` connections to each database.
    pgbouncer(const postgres_server& server, mode how, int pool_size);

    std::uint16_t port() const { return port_; }
    std::string uri() const { return "postgres://larder@127.0.0.1:" + std::to_string(port_); }

private:
    scratch_folder folder_{"pgbouncer"};
    const std::uint16_t port_ = free_port();
    child child_;
};

}  // namespace larder::test
