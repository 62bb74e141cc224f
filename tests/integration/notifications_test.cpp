// LISTEN for a service's own use: pg::notifications, and app::hears in the example notebook
// (notebook_test).

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "larder/pg/notifications.hpp"
#include "support/gate.hpp"
#include "support/pg_worker.hpp"
#include "support/pgbouncer.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

using heard = std::optional<pg::notification>;

boost::asio::awaitable<heard> next_of(pg::notifications& from) {
    auto one = co_await from.next();
    co_return one;
}

struct notifications : store_test {
    std::string next(pg::notifications& from) {
        const auto one = io.run(next_of(from));
        if (!one) return "stopped";
        return one->channel + (one->payload ? ": " + *one->payload : " begins");
    }
    pg::pool_options at(const std::string& uri) const {
        pg::pool_options options{.server = *pg::conninfo::parse(uri)};
        options.server.set("dbname", servers.store.database());
        options.connect_timeout = 5s;
        return options;
    }
    pg::pool_options here() const { return at(servers.postgres.uri()); }
    void say(const std::string& statements) const { servers.store.connect().exec(statements); }
    pg_worker io{servers.postgres.uri(), servers.store.database()};
};

TEST_F(notifications, are_told_in_the_order_of_their_commits_after_a_begin) {
    pg::notifications from{io.io.get_executor(), here(), {"plain", "With \"Quotes\""}};
    EXPECT_EQ(next(from), "plain begins");
    EXPECT_EQ(next(from), "With \"Quotes\" begins");
    auto other = servers.store.connect();
    other.exec("BEGIN; SELECT pg_notify('plain', 'late')");
    say("NOTIFY plain");
    say("NOTIFY \"With \"\"Quotes\"\"\", 'soon'");
    say("BEGIN; NOTIFY plain, 'of nobody'; ROLLBACK");
    say("NOTIFY another, 'channel'");
    other.exec("COMMIT");
    EXPECT_EQ(next(from), "plain: ");
    EXPECT_EQ(next(from), "With \"Quotes\": soon");
    EXPECT_EQ(next(from), "plain: late");
    say("SELECT pg_notify('plain', repeat('x', 7999))");
    EXPECT_EQ(next(from), "plain: " + std::string(7'999, 'x'));
}

TEST_F(notifications, begin_again_when_the_connection_is_lost) {
    pg::notifications from{io.io.get_executor(), here(), {"plain"}};
    EXPECT_EQ(next(from), "plain begins");
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN \"plain\"'");
    EXPECT_EQ(next(from), "plain begins");
    say("NOTIFY plain, 'one'");
    EXPECT_EQ(next(from), "plain: one");
    servers.postgres.stop();
    servers.postgres.start();
    EXPECT_EQ(next(from), "plain begins");
    say("NOTIFY plain, 'two'");
    EXPECT_EQ(next(from), "plain: two");
}

// Nothing is notified for longer than a server may be silent, and then there is a black hole.
TEST_F(notifications, begin_again_when_the_server_falls_silent) {
    gate way{static_cast<std::uint16_t>(std::stoi(sql("SHOW port")))};
    auto options = here();
    options.server.set("port", std::to_string(way.port()));
    options.server.set("hostaddr", "127.0.0.1");
    options.statement_timeout = 1s;
    pg::notifications from{io.io.get_executor(), options, {"plain"}};
    EXPECT_EQ(next(from), "plain begins");
    way.to_client({flow::kind::hold}, connections::present);
    EXPECT_EQ(next(from), "plain begins");
}

TEST_F(notifications, end_for_who_waits_once_they_are_stopped) {
    std::optional<pg::notifications> from;
    from.emplace(io.io.get_executor(), here(), std::vector<std::string>{"plain"});
    EXPECT_EQ(next(*from), "plain begins");
    boost::asio::post(io.io, [&] { from->stop(); });
    EXPECT_EQ(next(*from), "stopped");
    EXPECT_EQ(next(*from), "stopped");

    // Also where there is no server, and when it goes meanwhile.
    from.emplace(io.io.get_executor(), at("postgres://127.0.0.1:" + std::to_string(free_port())),
                 std::vector<std::string>{"plain"});
    boost::asio::post(io.io, [&] { from.reset(); });
    EXPECT_FALSE(io.run(next_of(*from)));
}

TEST_F(notifications, are_refused_behind_a_pooler) {
    const pgbouncer between{servers.postgres, pgbouncer::mode::transaction, 2};
    pg::notifications from{io.io.get_executor(), at(between.uri()), {"plain"}};
    for (int i = 0; i < 2; ++i) {
        try {
            next(from);
            ADD_FAILURE() << "it listens";
        } catch (const pg::error& e) {
            EXPECT_EQ(e.kind(), pg::failure::rejected);
            EXPECT_STREQ(e.what(), "a pooler is in between, where nobody can LISTEN");
        }
    }
}

TEST_F(notifications, have_names_that_postgresql_does_not_cut) {
    const auto made = [&](const std::string& channel) {
        pg::notifications from{io.io.get_executor(), here(), {channel}};
        return next(from);
    };
    EXPECT_EQ(made(std::string(63, 'a')), std::string(63, 'a') + " begins");
    for (const auto& wrong : {std::string{}, std::string(64, 'a'), std::string{"a\0b", 3},
                              std::string{"larder"}, std::string{"larder_rows"}})
        EXPECT_THROW(made(wrong), std::invalid_argument) << wrong;
}

}  // namespace
}  // namespace larder::test
