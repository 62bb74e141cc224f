// Where PostgreSQL is: libpq's URIs and keyword strings.

#include "larder/pg/conninfo.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::pg {
namespace {

// The values of some keywords, or that the text was refused.
std::string values(const std::string& text, const std::vector<std::string_view>& keywords) {
    const auto parsed = conninfo::parse(text);
    if (!parsed) return "refused";
    std::string all;
    for (const auto keyword : keywords) {
        if (!all.empty()) all += ' ';
        all += parsed->get(keyword);
    }
    return all;
}

TEST(conninfo, reads_uris) {
    const auto* uri = "postgresql://app:secret@db.example:5433/dellstore?sslmode=require";
    EXPECT_EQ(values(uri, {"user", "password", "host", "port", "dbname", "sslmode"}),
              "app secret db.example 5433 dellstore require");
    EXPECT_EQ(values("postgres://db.example/x", {"host", "port", "dbname"}), "db.example  x");
    EXPECT_EQ(values("postgres://[::1]:5432/x", {"host", "port"}), "::1 5432");
    EXPECT_EQ(values("postgres://%2Ftmp%2Fpg/x", {"host", "dbname"}), "/tmp/pg x");
    EXPECT_EQ(values("postgres:///x?host=/tmp/pg&port=5433", {"host", "port"}), "/tmp/pg 5433");
}

TEST(conninfo, decodes_passwords) {
    EXPECT_EQ(values("postgres://a%40b:p%3A%2F%3F%23%25w@h/x", {"user", "password"}),
              "a@b p:/?#%w");
}

TEST(conninfo, reads_keyword_strings) {
    EXPECT_EQ(values("host=h port=5433 dbname=x user=app", {"host", "port", "dbname", "user"}),
              "h 5433 x app");
    EXPECT_EQ(values("host = h password = 'a b\\'c'", {"host", "password"}), "h a b'c");
}

TEST(conninfo, reads_several_hosts) {
    EXPECT_EQ(values("postgres://a:5432,b:5433/x", {"host", "port"}), "a,b 5432,5433");
    EXPECT_EQ(values("postgres://a,b:5433/x", {"host", "port"}), "a,b ,5433");
    EXPECT_EQ(values("host=a,b,c port=5432", {"host", "port"}), "a,b,c 5432");
    EXPECT_EQ(values("host=a,b port=5432,", {"host", "port"}), "a,b 5432,");
    EXPECT_EQ(values("postgres://a,b/x?target_session_attrs=read-write",
                     {"host", "target_session_attrs"}),
              "a,b read-write");
}

TEST(conninfo, takes_what_is_not_said_as_not_set) {
    const auto parsed = conninfo::parse("postgres://h");
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->get("port"), "");
    EXPECT_EQ(parsed->get("password"), "");
    EXPECT_EQ(parsed->get("no_such_keyword"), "");
    EXPECT_EQ(parsed->all().size(), 1U);
    ASSERT_TRUE(conninfo::parse(""));
    EXPECT_TRUE(conninfo::parse("")->all().empty());
}

TEST(conninfo, takes_every_port_there_is) {
    for (const auto* port : {"1", "80", "5432", "65535"}) {
        EXPECT_EQ(values("postgres://h:" + std::string{port}, {"port"}), port);
        EXPECT_EQ(values("host=h port=" + std::string{port}, {"port"}), port);
    }
    EXPECT_EQ(values("postgres://h:/x", {"port"}), "");
}

TEST(conninfo, refuses_a_port_that_is_none) {
    for (const std::string port : {"0", "65536", "99999", "4294972728", "99999999999999999999",
                                   "-1", "abc", "5432x", "54.32", "0x1538"}) {
        EXPECT_EQ(values("postgres://h:" + port + "/x", {"port"}), "refused") << port;
        EXPECT_EQ(values("host=h port=" + port, {"port"}), "refused") << port;
        EXPECT_EQ(values("postgres://h/x?port=" + port, {"port"}), "refused") << port;
        EXPECT_EQ(values("host=a,b,c port=5432," + port + ",5434", {"port"}), "refused") << port;
        EXPECT_EQ(values("host=a,b port=5432," + port, {"port"}), "refused") << port;
        EXPECT_EQ(values("host=a,b port=" + port + ",5432", {"port"}), "refused") << port;
    }
}

TEST(conninfo, refuses_a_password_that_would_become_a_host) {
    for (const auto* text : {"postgres://u:p@ss@h/x", "postgres://u:p@ss/word@db/x",
                             "postgres://u:p@ss,@db", "postgresql://u:p@@h?sslmode=require"})
        EXPECT_EQ(values(text, {"host"}), "refused") << text;
    EXPECT_EQ(values("postgres://u:p%40ss@h/x", {"password", "host"}), "p@ss h");
    EXPECT_EQ(values("postgres://u:p@h/x?application_name=a@b", {"host"}), "h");
    EXPECT_EQ(values("host=h password=a://b@c@d", {"password"}), "a://b@c@d");
    EXPECT_EQ(values("host=@abstract,/run/postgresql@16 password=p@ss", {"host", "password"}),
              "@abstract,/run/postgresql@16 p@ss");
}

TEST(conninfo, refuses_what_libpq_cannot_parse) {
    for (const auto* text :
         {"nonsense", "db.example:5432", "mysql://h/x", "mysql://h/x?a=b",
          "postgres://h/x?nosuch=1", "postgres://h:5432x/", "postgres://[::1",
          "postgres://[::1]x/y", "postgres://u:%zz@h/x", "postgres://u:%0", "postgres://u:%00@h/x",
          "host=h nosuch=1", "host", "host='h", "=h", "http://h/"})
        EXPECT_EQ(values(text, {}), "refused") << text;
}

TEST(conninfo, sets_one_value_a_keyword) {
    auto server = *conninfo::parse("postgres://h/defaultdb?sslmode=require");
    const auto before = server.all().size();
    server.set("dbname", "dellstore");
    EXPECT_EQ(server.get("dbname"), "dellstore");
    EXPECT_EQ(server.all().size(), before);
    server.set("application_name", "larder");
    EXPECT_EQ(server.get("application_name"), "larder");
    EXPECT_EQ(server.all().size(), before + 1);
    server.set("application_name", "");
    EXPECT_EQ(server.get("application_name"), "");
    EXPECT_EQ(server.all().size(), before + 1);
    EXPECT_EQ(server.get("host"), "h");
    EXPECT_EQ(server.get("sslmode"), "require");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::pg
