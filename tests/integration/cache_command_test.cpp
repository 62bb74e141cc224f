// What an operator asks of the cache and does to it: `orders cache get` and its siblings.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "basket_service.hpp"
#include "support/json_text.hpp"
#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using words = std::vector<std::string>;

struct cache_command : store_test {
    void SetUp() override {
        store_test::SetUp();
        valkey().flush();
    }
    ended run(words arguments, const environment& env) {
        arguments.insert(arguments.begin(), "cache");
        return run_orders(std::move(arguments), env);
    }
    /// What it says, which ends with that status.
    std::string said(words arguments, int status = 0) {
        const auto done = run(std::move(arguments), servers.env());
        EXPECT_EQ(done.status, status) << done.out << done.err;
        EXPECT_EQ(done.err, "");
        return done.out;
    }
    std::string json(words arguments, int status = 0) {
        arguments.emplace_back("--json");
        auto text = said(std::move(arguments), status);
        EXPECT_TRUE(text.ends_with('\n'));
        if (!text.empty()) text.pop_back();
        expect_compact_json(text);
        return text;
    }
    static bool is_local_hit(const service& one, const std::string& target = "/count") {
        return get(one.port(), target).header("cache-status").ends_with("detail=local");
    }
    /// Each worker of it has the count.
    static void warm(const service& one) {
        EXPECT_TRUE(eventually([&] { return is_local_hit(one); })) << one.log();
    }
    /// A GET that waits for the lock of `holder` inside PostgreSQL.
    void send_blocked_read(pg_client& holder, http_connection& connection, std::uint16_t port) {
        holder.exec("BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
        connection.send(request_text("GET", "/count", {}, {}, port));
        ASSERT_TRUE(eventually([this] {
            return sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                       " AND wait_event_type = 'Lock'") == "1";
        }));
    }
};

TEST_F(cache_command, get_shows_what_valkey_holds_for_a_key) {
    const service one{servers.env(), {"--workers", "1"}};
    warm(one);
    const auto text = said({"get", "num_orders:all"});
    EXPECT_TRUE(has(text, "key    num_orders:all\nvalue  12000\nleft   1")) << text;
    EXPECT_TRUE(has(text, "lease  none\nholds  none\n")) << text;
    EXPECT_TRUE(
        json({"get", "num_orders:all"})
            .starts_with(R"({"key":"num_orders:all","family":"num_orders",)"
                         R"("kept_as":"num_orders:all","generation":null,"is_there":true,)"
                         R"("unusable":null,"value":"12000","fingerprint":null,"ttl_ms":1)"));
    EXPECT_TRUE(has(said({"get", "num_orders:1"}, 1), "there is no entry"));
    EXPECT_TRUE(has(json({"get", "num_orders:1"}, 1), R"("is_there":false)"));
}

TEST_F(cache_command, get_says_why_what_others_put_there_is_of_no_use) {
    valkey().command({"SET", "num_orders:1", "7"});
    EXPECT_TRUE(has(said({"get", "num_orders:1"}), "it has no end"));
    valkey().command({"LPUSH", "num_orders:2", "x"});
    EXPECT_TRUE(has(said({"get", "num_orders:2"}), "it is a list and no string"));
    valkey().set("num_orders:3", "\x1b]0;mine\a");
    EXPECT_TRUE(has(said({"get", "num_orders:3"}), R"("\u001b]0;mine\u0007")"));
    valkey().set("num_orders:4", std::string(1'100'000, '1'));
    EXPECT_TRUE(has(said({"get", "num_orders:4"}), "longer than 1048576 bytes"));
}

TEST_F(cache_command, get_shows_a_write_and_a_load_in_progress) {
    const service one{servers.env(), {"--workers", "1"}};
    auto holder = servers.store.connect();
    valkey().command({"ZADD", "{num_orders:9999}:hold", "9999999999999", "somebody:1"});
    EXPECT_TRUE(has(said({"get", "num_orders:9999"}, 1), "1 write is in progress"));
    http_connection reads{one.port()};
    send_blocked_read(holder, reads, one.port());
    EXPECT_TRUE(has(said({"get", "num_orders:all"}, 1), " loads it\n"));
    holder.exec("ROLLBACK");
    EXPECT_EQ(reads.receive().status, 200);
}

TEST_F(cache_command, invalidate_reaches_the_local_tiers_of_all_instances) {
    const service first{servers.env(), {"--workers", "2"}},
        second{servers.env(), {"--workers", "2"}};
    warm(first);
    warm(second);
    EXPECT_EQ(count(first.port(), "/count?customerid=9999"), 0);
    valkey().set("num_orders:9999", "777");
    for (const auto* one : {&first, &second})
        EXPECT_TRUE(eventually([&] { return is_local_hit(*one, "/count?customerid=9999"); }));
    EXPECT_EQ(count(second.port(), "/count?customerid=9999"), 777) << "so it is seen to be cured";
    EXPECT_EQ(said({"invalidate", "num_orders:9999", "num_orders:1"}),
              "num_orders:9999: deleted\nnum_orders:1: there was no entry\n");
    // At once: each instance has been told before the command was answered, or is about to be.
    for (const auto* one : {&first, &second})
        EXPECT_TRUE(
            eventually([&] { return count(one->port(), "/count?customerid=9999") == 0; }, 1s));
    EXPECT_EQ(count(second.port(), "/count?customerid=9999"), 0);
}

TEST_F(cache_command, invalidate_refuses_what_is_being_loaded) {
    const service one{servers.env(), {"--workers", "1"}};
    warm(one);
    valkey().del("num_orders:all");
    auto holder = servers.store.connect();
    http_connection reads{one.port()};
    send_blocked_read(holder, reads, one.port());
    EXPECT_EQ(json({"invalidate", "num_orders:all"}),
              R"({"invalidated":[{"key":"num_orders:all","had_entry":false,"refused_fill":true,)"
              R"("holds":0}]})");
    holder.exec("ROLLBACK");
    const auto answer = reads.receive();
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(has(answer.header("cache-status"), "stored")) << answer.header("cache-status");
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
}

TEST_F(cache_command, purge_of_a_family_leaves_other_keys_alone) {
    const service one{servers.env(), {"--workers", "1"}};
    warm(one);
    for (int customer = 1; customer <= 20; ++customer)
        count(one.port(), "/count?customerid=" + std::to_string(customer));
    valkey().set("somebody:1", "mine");
    auto holder = servers.store.connect();
    http_connection reads{one.port()};
    valkey().del("num_orders:all");
    send_blocked_read(holder, reads, one.port());
    EXPECT_EQ(said({"purge", "num_orders"}), "Deleted 20 entries of num_orders\n");
    holder.exec("ROLLBACK");
    EXPECT_EQ(reads.receive().status, 200);
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt) << "which was loaded before";
    EXPECT_EQ(valkey().get("somebody:1"), "mine");
    EXPECT_TRUE(has(one.log(), "listening")) << one.log();
    EXPECT_EQ(json({"purge", "num_orders"}), R"({"family":"num_orders","entries":0})");
    EXPECT_TRUE(json({"purge"}).starts_with(R"({"family":null,"entries":)")) << "all of them";
}

// Whose prefix is the name of a family.
TEST_F(cache_command, purge_of_a_family_leaves_another_services_entries_alone) {
    auto prefixed = servers.env();
    prefixed["CACHE_PREFIX"] = "num_orders";
    const service one{servers.env(), {"--workers", "1"}}, other{prefixed, {"--workers", "1"}};
    warm(one);
    warm(other);
    const std::string of_other = "num_orders:num_orders:all";
    EXPECT_EQ(valkey().get(of_other), "12000");
    EXPECT_TRUE(has(json({"stats"}), R"({"family":"num_orders","entries":1,)"));
    EXPECT_EQ(said({"purge", "num_orders"}), "Deleted 1 entry of num_orders\n");
    EXPECT_EQ(valkey().get("num_orders:all"), std::nullopt);
    EXPECT_EQ(valkey().get(of_other), "12000");
    EXPECT_EQ(run({"purge", "num_orders"}, prefixed).out, "Deleted 1 entry of num_orders\n");
    EXPECT_EQ(valkey().get(of_other), std::nullopt);
    warm(one);
    EXPECT_EQ(said({"purge"}), "Deleted 1 entry; the cache is this database's now\n");
    EXPECT_TRUE(has(said({"trust"}), "trusted\nThe entries of num_orders are of the database "));
}

TEST_F(cache_command, stats_counts_what_there_is) {
    const service one{servers.env(), {"--workers", "1"}};
    warm(one);
    count(one.port(), "/count?customerid=1");
    valkey().set("somebody:1", "mine");
    valkey().set("num_orders:1:2", "not of the family's");
    valkey().command({"ZADD", "{num_orders:9}:hold", "9999999999999", "somebody:1"});
    const auto text = said({"stats"});
    EXPECT_TRUE(has(text, "num_orders  2 entries, 0 leases, 1 key with holds; of the database "))
        << text;
    EXPECT_TRUE(has(text, "follower    nobody says")) << text;
    EXPECT_TRUE(has(text, "trust       trusted\n")) << text;
    EXPECT_TRUE(has(text, " keys in 1 step\n")) << text;
    const auto all = json({"stats"});
    EXPECT_TRUE(has(all, R"("families":[{"family":"num_orders","entries":2,"leases":0,"holds":1,)"))
        << all;
}

TEST_F(cache_command, trust_says_what_it_depends_on) {
    EXPECT_TRUE(has(said({"trust"}, 1),
                    "not trusted\nNobody has trusted the entries of num_orders "
                    "yet"));
    {
        const service one{servers.env(), {"--workers", "1"}};
        warm(one);
        EXPECT_TRUE(
            has(said({"trust"}), "trusted\nThe entries of num_orders are of the database "));
        EXPECT_TRUE(has(json({"trust"}), R"({"is_trusted":true,"reasons":["The entries)"));
    }
    auto env = servers.env();
    env.erase("PG_SERVICE_URI");
    const auto alone = run({"trust"}, env);
    EXPECT_EQ(alone.status, 0) << alone.out;
    EXPECT_TRUE(has(alone.out, "PG_SERVICE_URI is empty/unset")) << alone.out;
    env = servers.env();
    env["PG_DATABASE"] = "postgres";
    const auto other = run({"trust"}, env);
    EXPECT_EQ(other.status, 1);
    EXPECT_TRUE(has(other.out, "and this one is ")) << other.out;
    env["PG_SERVICE_URI"] = "postgres://larder:hidden@127.0.0.1:1/x";
    const auto away = run({"trust"}, env);
    EXPECT_EQ(away.status, 1);
    EXPECT_TRUE(has(away.out, "nothing before PostgreSQL has answered")) << away.out;
    EXPECT_FALSE(has(away.out + away.err, "hidden"));
    const auto database = valkey().get("larder:trusted:num_orders").value();
    valkey().command(
        {"SET", "larder:trusted:num_orders", "abc/def" + database.substr(database.find(' '))});
    EXPECT_TRUE(has(said({"trust"}, 1), "in another run of the server, abc/def"));
    valkey().command({"SET", "{larder:trusted:num_orders}:lock", "web1.2", "PX", "60000"});
    EXPECT_TRUE(has(said({"trust"}, 1), "are being deleted by web1.2"));
    const auto busy = run({"purge", "num_orders"}, servers.env());
    EXPECT_EQ(busy.status, 69);
    EXPECT_TRUE(has(busy.err, "web1.2 deletes the entries of num_orders already")) << busy.err;
}

TEST_F(cache_command, is_of_use_without_a_database) {
    const service one{servers.env(), {"--workers", "1"}};
    warm(one);
    auto env = servers.env();
    env.erase("PG_SERVICE_URI");
    for (const auto& [arguments, says] : std::vector<std::pair<words, std::string>>{
             {{"get", "num_orders:all"}, "value  12000\n"},
             {{"stats"}, "num_orders  1 entry, "},
             {{"invalidate", "num_orders:all"}, "num_orders:all: deleted\n"},
             {{"purge", "num_orders"}, " of num_orders\n"}}) {
        const auto done = run(arguments, env);
        EXPECT_EQ(done.status, 0) << arguments.front() << ": " << done.err;
        EXPECT_EQ(done.err, "") << arguments.front();
        EXPECT_TRUE(has(done.out, says)) << done.out;
    }
    ended shown;
    EXPECT_TRUE(eventually([&] {
        shown = run_orders({"status"}, env);
        return shown.status == 0 && has(shown.out, "  ready ");
    })) << shown.out
        << shown.err;
}

TEST_F(cache_command, a_prefix_is_added_to_the_keys) {
    auto env = servers.env();
    env["CACHE_PREFIX"] = "shop";
    const service one{env, {"--workers", "1"}};
    warm(one);
    EXPECT_TRUE(has(run({"get", "num_orders:all"}, env).out,
                    "kept as  shop:num_orders:all\nvalue    12000"));
    EXPECT_TRUE(has(run({"stats"}, env).out, "num_orders  1 entry, "));
    EXPECT_TRUE(has(run({"trust"}, env).out, "trusted\nThe entries"));
    EXPECT_EQ(run({"invalidate", "num_orders:all"}, env).out, "num_orders:all: deleted\n");
    EXPECT_EQ(valkey().get("shop:num_orders:all"), std::nullopt);
    EXPECT_EQ(run({"purge", "num_orders"}, env).out, "Deleted 0 entries of num_orders\n");
}

TEST_F(cache_command, a_family_by_generation_is_found_in_its_generation) {
    servers.store.connect().exec(std::string{drop_basket_tables} + ';' + basket_tables);
    auto env = servers.env();
    const basket_instance one{servers.postgres, "dellstore", env, "one"};
    env["PG_DATABASE"] = "dellstore";
    const auto basket = [&](words arguments) {
        arguments.insert(arguments.begin(), {program("basket"), "cache"});
        return run_to_end(arguments, env);
    };
    const std::string key = "product_list:all:20:all";
    const auto is_hit = [&] {
        return has(get(one.port(), "/products?limit=20").header("cache-status"), "; hit");
    };
    EXPECT_EQ(basket({"get", key}).status, 1);
    EXPECT_TRUE(eventually(is_hit));
    const auto found = basket({"get", key});
    EXPECT_EQ(found.status, 0) << found.err;
    EXPECT_TRUE(has(found.out, "kept as  product_list:")) << found.out;
    EXPECT_TRUE(has(found.out, "of the fingerprint ")) << found.out;
    EXPECT_EQ(basket({"invalidate", key}).out, key + ": deleted\n");
    EXPECT_EQ(basket({"get", key}).status, 1);
    EXPECT_TRUE(eventually(is_hit));
    EXPECT_TRUE(has(basket({"stats"}).out, "product_list  1 entry, "));
    EXPECT_TRUE(has(basket({"purge", "product_list"}).out, "as a new generation begins"));
    EXPECT_EQ(basket({"get", key}).status, 1);
    EXPECT_TRUE(eventually([&] { return !is_hit(); }) && eventually(is_hit));
    EXPECT_TRUE(has(basket({"stats"}).out, "; 1 of earlier generations"));
    servers.store.connect().exec(drop_basket_tables);
}

TEST_F(cache_command, what_cannot_be_done_is_said_in_one_sentence) {
    const auto expect = [&](words arguments, const environment& env, int status,
                            const std::string& sentence) {
        const auto done = run(std::move(arguments), env);
        EXPECT_EQ(done.status, status) << done.out << done.err;
        EXPECT_EQ(done.out, "");
        EXPECT_TRUE(has(done.err, sentence)) << done.err;
        EXPECT_EQ(times("\n", done.err), 1) << done.err;
        EXPECT_FALSE(has(done.err, "hidden")) << done.err;
    };
    auto env = servers.env();
    expect({"get", "books:7"}, env, 64, "'books:7' is no key of a family; there are: num_orders");
    expect({"get", "num_orders:1:2"}, env, 64, "whose entries are like num_orders:all");
    expect({"invalidate", "num_orders"}, env, 64, "'num_orders' is no key");
    for (const auto* none : {"07", "+7", "abc", "", "*", "7\n", "2147483648"})
        expect({"invalidate", "num_orders:" + std::string{none}}, env, 64,
               "is no key of num_orders");
    expect({"purge", "books"}, env, 64, "there is no family 'books'; there are: num_orders");
    const std::string scheme = "valkey://";
    env["VALKEY_SERVICE_URI"].insert(scheme.size(), "larder:hidden@");
    expect({"get", "num_orders:1"}, env, 69, "the login was refused");
    valkey().command({"ACL", "SETUSER", "larder", "on", ">hidden", "~other:*", "+@all"});
    expect({"get", "num_orders:1"}, env, 1, "needs the cache's keys");
    expect({"invalidate", "num_orders:1"}, env, 1, "needs the cache's keys");
    valkey().command({"ACL", "SETUSER", "larder", "~*", "-scan"});
    expect({"stats"}, env, 1, "to allow it: ACL SETUSER larder +scan");
    expect({"purge", "num_orders"}, env, 1, "to allow it: ACL SETUSER larder +scan");
    expect({"purge"}, env, 1, "to allow it: ACL SETUSER larder +scan");
    valkey().command({"ACL", "SETUSER", "larder", "+scan", "-script|load"});
    for (const words& one :
         std::vector<words>{{"invalidate", "num_orders:1"}, {"purge", "num_orders"}, {"purge"}})
        expect(one, env, 1,
               " does not allow it: NOPERM User larder has no permissions to run the 'script|load' "
               "command; to allow it: ACL SETUSER larder +script|load");
    valkey().command({"ACL", "DELUSER", "larder"});
    env["VALKEY_SERVICE_URI"] = "valkey://127.0.0.1:" + std::to_string(free_port());
    for (const words& one : std::vector<words>{{"trust"}, {"purge"}})
        expect(one, env, 69, "No connection to Valkey at 127.0.0.1:");
    env.erase("VALKEY_SERVICE_URI");
    for (const auto* one : {"stats", "trust"})
        expect({one}, env, 78,
               "VALKEY_SERVICE_URI is empty/unset: it should look like "
               "valkey://user:password@host:port/database");
    env = servers.env();
    env["PG_SERVICE_URI"] = "postgres://larder:hidden@127.0.0.1:1/x";
    expect({"purge"}, env, 69, "onnection refused");
    env.erase("PG_SERVICE_URI");
    expect({"purge"}, env, 78,
           "PG_SERVICE_URI is empty/unset: it should look like "
           "postgresql://user:password@host:port/database");
}

}  // namespace
}  // namespace larder::test
