// What the role of the service has to be allowed: deploy/postgres.sql is enough.

#include "follow_store.hpp"

namespace larder::test {
namespace {

struct postgres_rights : follow_store {
    void SetUp() override {
        follow_store::SetUp();
        exec("DROP SCHEMA IF EXISTS larder CASCADE");
        exec("CREATE ROLE lowly LOGIN PASSWORD 'secret'");
        allow();
    }
    void TearDown() override {
        shop->connect().exec("DROP OWNED BY lowly CASCADE; DROP ROLE lowly");
        follow_store::TearDown();
    }
    /// As the file says it: twice, as it may be run again.
    void allow() {
        for (int i = 0; i < 2; ++i) {
            const auto done = run_to_end({"/usr/bin/psql", servers.postgres.with("dbname=followed"),
                                          "-q", "-v", "ON_ERROR_STOP=1", "-v", "role=lowly", "-f",
                                          LARDER_SOURCE_DIR "/deploy/postgres.sql"},
                                         {});
            EXPECT_EQ(done.status, 0) << done.err;
        }
    }
    environment as_lowly(const std::string& follow) {
        auto all = env();
        all["PG_SERVICE_URI"] = "postgres://lowly:secret@127.0.0.1:" + sql("SHOW port") + "/";
        all["CACHE_FOLLOW"] = follow;
        return all;
    }
};

TEST_F(postgres_rights, of_the_file_are_enough_to_read_write_and_remember) {
    const service one{as_lowly("off"), {"--workers", "2"}};
    EXPECT_EQ(count(one.port()), 1000);
    add_tutorial_order(one.port());
    EXPECT_EQ(count(one.port()), 1001);
    EXPECT_EQ(count(one.port(), own), 1);
    // Nobody's order is refused as what it is.
    const auto none =
        request(one.port(), "POST", "/add/", {{"content-type", "application/json"}},
                R"({"orderdate":"2023-03-10","customerid":99999999,"netamount":1,"tax":0})");
    EXPECT_EQ(none.status / 100, 4) << none.body;
    EXPECT_EQ(one.log().find("GRANT"), std::string::npos) << one.log();
    EXPECT_EQ(one.log().find("permission denied"), std::string::npos) << one.log();
    EXPECT_EQ(
        shop->connect().scalar("SELECT tableowner FROM pg_tables WHERE tablename = 'unreleased'"),
        "lowly");
}

TEST_F(postgres_rights, of_the_file_do_not_let_it_change_or_delete) {
    pg_client by{as_lowly("off")["PG_SERVICE_URI"], "followed"};
    for (const auto* statement :
         {"DELETE FROM orders", "UPDATE orders SET tax = 0", "DELETE FROM customers",
          "SELECT * FROM products", "CREATE TABLE public.t ()", "CREATE SCHEMA s"})
        EXPECT_THROW(by.exec(statement), std::exception) << statement;
}

TEST_F(postgres_rights, with_replication_let_it_follow) {
    exec("ALTER ROLE lowly REPLICATION");
    const service one{as_lowly("auto"), {"--workers", "2"}};
    EXPECT_TRUE(one.wait_for_log("writes by others are seen")) << one.log();
    expect_seen(one, insert, 1001, 1);
    EXPECT_EQ(one.log().find("permission denied"), std::string::npos) << one.log();
}

}  // namespace
}  // namespace larder::test
