// Which hosts need no look-up, and that none is waited for too long. No name is really looked up.

#include "pg/resolve.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <netdb.h>

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "larder/pg/error.hpp"

namespace {
std::atomic<bool> is_silent{false};
std::atomic<int> asked{0};
}  // namespace

// In place of the C library's.
extern "C" int getaddrinfo(const char*, const char*, const addrinfo*, addrinfo**) {
    ++asked;
    asked.notify_all();
    is_silent.wait(true);
    return EAI_NONAME;
}

namespace LARDER_NAMESPACE::pg {
namespace {

using namespace std::chrono_literals;

// The parameters at once, without waiting for anything.
std::optional<conninfo::parameters> at_once(const conninfo& server) {
    boost::asio::io_context io{1};
    look_up names{io.get_executor()};
    std::optional<conninfo::parameters> found;
    boost::asio::co_spawn(io, with_addresses(server, names, {}),
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

// Why there are none; no look-up keeps it from its end.
std::string why_none(const conninfo& server, std::chrono::milliseconds within) {
    boost::asio::io_context io{1};
    look_up names{io.get_executor()};
    std::string why;
    boost::asio::co_spawn(io,
                          with_addresses(server, names, std::chrono::steady_clock::now() + within),
                          [&](const std::exception_ptr& failed, const conninfo::parameters&) {
                              try {
                                  if (failed) std::rethrow_exception(failed);
                              } catch (const error& e) {
                                  why = e.detail();
                              }
                          });
    io.run();
    return why;
}

TEST(with_addresses, tells_that_nobody_knows_a_name) {
    const auto why = why_none(*conninfo::parse("host=a.example,b.example"), 1min);
    EXPECT_EQ(why,
              "could not translate host name \"b.example\" to address: Name or service not known");
}

TEST(with_addresses, waits_for_no_name_beyond_the_deadline_and_asks_for_it_once_at_a_time) {
    const auto server = *conninfo::parse("host=db.example");
    is_silent = true;
    asked = 0;
    for (int i = 0; i < 10; ++i) {
        const auto why = why_none(server, 2ms);
        EXPECT_NE(why.find("\"db.example\" in time"), std::string::npos) << why;
    }
    asked.wait(0);
    EXPECT_EQ(asked, 1);
    is_silent = false;
    is_silent.notify_all();
    // It may still be on its way, and is then shared.
    EXPECT_NE(why_none(server, 1min).find("could not translate"), std::string::npos);
    EXPECT_NE(why_none(server, 1min).find("could not translate"), std::string::npos);
    EXPECT_GE(asked, 2);
}

// ---- which is tried first ----

std::string order_of(const char* text, const address& served_last, std::size_t after) {
    auto all = conninfo::parse(text)->all();
    begin_after(all, served_last, after);
    std::string order;
    for (const auto& [keyword, value] : all)
        if (keyword == "host" || keyword == "port" || keyword == "hostaddr")
            order += (order.empty() ? "" : " ") + value;
    return order;
}

TEST(begin_after, begins_with_the_one_that_served_or_those_after_it) {
    const auto* const three = "host=::1,127.0.0.1,/run port=1,2,3";
    EXPECT_EQ(order_of(three, {}, 0), "::1,127.0.0.1,/run 1,2,3");
    EXPECT_EQ(order_of(three, {}, 1), "127.0.0.1,/run,::1 2,3,1");
    EXPECT_EQ(order_of(three, {"127.0.0.1", "2"}, 0), "127.0.0.1,/run,::1 2,3,1");
    EXPECT_EQ(order_of(three, {"127.0.0.1", "2"}, 2), "::1,127.0.0.1,/run 1,2,3");
    EXPECT_EQ(order_of("host=a,b hostaddr=127.0.0.1,127.0.0.2", {"127.0.0.2", "5432"}, 0),
              "b,a 127.0.0.2,127.0.0.1");
    EXPECT_EQ(order_of("host=127.0.0.1,::1 port=1", {"::1", "1"}, 0), "::1,127.0.0.1 1");
}

TEST(begin_after, leaves_one_alone) {
    for (const std::size_t after : {0, 1, 2})
        EXPECT_EQ(order_of("host=127.0.0.1 port=1", {"127.0.0.1", "1"}, after), "127.0.0.1 1");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
