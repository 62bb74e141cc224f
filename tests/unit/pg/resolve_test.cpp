// Which hosts need no look-up. Looking up a name is I/O, and so tests/integration's.

#include "pg/resolve.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace larder::pg {
namespace {

// The parameters at once, without waiting for anything.
std::optional<conninfo::parameters> at_once(const conninfo& server) {
    boost::asio::io_context io{1};
    std::optional<conninfo::parameters> found;
    boost::asio::co_spawn(io, with_addresses(server, io.get_executor()),
                          [&](std::exception_ptr failed, conninfo::parameters all) {
                              if (!failed) found = std::move(all);
                          });
    io.poll();
    return found;
}

TEST(with_addresses, leaves_addresses_and_sockets_alone) {
    for (const auto* text :
         {"postgres://127.0.0.1:5433/x", "postgres://[::1]/x", "host=/run/postgresql port=5433",
          "host=@abstract", "host=127.0.0.1,/run/postgresql,::1 port=1,2,3", "dbname=x", "",
          "host=,127.0.0.1"}) {
        const auto server = *conninfo::parse(text);
        EXPECT_EQ(at_once(server), server.all()) << text;
    }
}

TEST(with_addresses, asks_for_no_name_whose_address_is_given) {
    const auto server = *conninfo::parse("host=db.example hostaddr=127.0.0.1");
    EXPECT_EQ(at_once(server), server.all());
}

// libpq has its own sentence for it.
TEST(with_addresses, leaves_hosts_and_ports_alone_that_do_not_match) {
    const auto server = *conninfo::parse("host=a.example,b.example,c.example port=1,2");
    EXPECT_EQ(at_once(server), server.all());
}

}  // namespace
}  // namespace larder::pg
