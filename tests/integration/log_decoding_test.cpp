// What larder reads in PostgreSQL's log is what PostgreSQL's own test_decoding tells of the same
// transactions.
//
//   LARDER_SEED=N            which ones

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "follow/pgoutput.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

using namespace follow;

constexpr int transactions = 200;

struct column_type {
    const char* name;
    bool is_quoted;
};
const std::vector<column_type> types{{"id[integer]", false}, {"n[integer]", false},
                                     {"v[text]", true},      {"b[boolean]", false},
                                     {"m[numeric]", false},  {"d[date]", true}};

std::string quoted(std::string_view text) {
    std::string all = "'";
    for (const char c : text) all.append(c == '\'' ? 2 : 1, c);
    return all + '\'';
}

// As test_decoding writes it, which tells no null of a row that was.
std::string text_of(tuple row, bool with_nulls) {
    std::string all;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto& one = row[i];
        const auto& type = types.at(i);
        if (one.is == field::kind::null && !with_nulls) continue;
        all.append(1, ' ').append(type.name).append(1, ':');
        if (one.is == field::kind::null) all += "null";
        else if (one.is == field::kind::unchanged) all += "unchanged-toast-datum";
        else if (type.name == types[3].name) all += one.text == "t" ? "true" : "false";
        else all += type.is_quoted ? quoted(one.text) : std::string{one.text};
    }
    return all;
}

std::string line_of(const changed_row& row) {
    using kind = changed_row::kind;
    const std::string table = "table public.changed: ";
    if (row.is == kind::inserted) return table + "INSERT:" + text_of(row.after, true);
    if (row.is == kind::deleted) return table + "DELETE:" + text_of(row.before, false);
    if (row.known == changed_row::past::unknown)
        return table + "UPDATE:" + text_of(row.after, true);
    return table + "UPDATE: old-key:" + text_of(row.before, false) +
           " new-tuple:" + text_of(row.after, true);
}

std::string bytes_of(std::string_view hex) {
    std::string all;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        all += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
    return all;
}

std::string decoded(const std::string& messages) {
    pgoutput reader;
    std::string all, transaction;
    std::istringstream in{messages};
    for (std::string hex; in >> hex;) {
        const auto message = bytes_of(hex);
        const auto read = reader.read(message);
        if (!read) return all + "cannot be read: " + hex;
        if (const auto* begin = std::get_if<begun>(&*read)) {
            transaction = std::to_string(begin->transaction);
            all += "BEGIN " + transaction + '\n';
        } else if (std::holds_alternative<committed>(*read)) {
            all += "COMMIT " + transaction + '\n';
        } else if (const auto* row = std::get_if<changed_row>(&*read)) {
            all += line_of(*row) + '\n';
        } else if (std::holds_alternative<truncated>(*read)) {
            all += "table public.changed: TRUNCATE: (no-flags)\n";
        }
    }
    return all;
}

struct generator {
    std::mt19937 chance;
    unsigned below(unsigned n) { return std::uniform_int_distribution{0U, n - 1}(chance); }
    std::string id() { return std::to_string(below(40)); }
    std::string value() {
        if (below(5) == 0) return "NULL";
        if (below(5) == 0) return "repeat(md5(random()::text), 200)";  // stored apart
        static const std::vector<std::string> some{"''", "'it''s'", "E'a\\nb'", "'größe'", "'x'"};
        return some[below(static_cast<unsigned>(some.size()))];
    }
    std::string statement() {
        const auto n = below(3) == 0 ? "NULL" : std::to_string(below(100)) + " - 50";
        switch (below(12)) {
            case 0:
            case 1:
            case 2:
            case 3:
                return "INSERT INTO changed VALUES (" + id() + ", " + n + ", " + value() +
                       ", random() < 0.5, " + n + " / 7.0, '2024-02-29') ON CONFLICT DO NOTHING";
            case 4:
            case 5: return "UPDATE changed SET n = " + n + " WHERE id % 7 = " + id() + " % 7";
            case 6: return "UPDATE changed SET v = " + value() + " WHERE id = " + id();
            case 7:
                return "UPDATE changed SET id = id + 1000 WHERE id = " + id() +
                       "; UPDATE changed SET id = id - 1000 WHERE id >= 1000";
            case 8: return "DELETE FROM changed WHERE id = " + id();
            case 9: return "SAVEPOINT a; " + statement() + "; ROLLBACK TO a";
            case 10: return "SAVEPOINT b; " + statement() + "; RELEASE b";
            default: return below(8) == 0 ? "TRUNCATE changed" : "SELECT 1";
        }
    }
};

struct log_decoding : store_test {};

TEST_F(log_decoding, tells_what_test_decoding_tells) {
    const auto* text = std::getenv("LARDER_SEED");
    const auto seed = text ? std::strtoul(text, nullptr, 10) : std::random_device{}();
    std::cout << "LARDER_SEED=" << seed << '\n';
    generator all{std::mt19937{static_cast<std::mt19937::result_type>(seed)}};
    pg_client by{servers.postgres.uri()};
    by.exec("DROP DATABASE IF EXISTS decoded WITH (FORCE)");
    by.exec("CREATE DATABASE decoded");
    pg_client sql{servers.postgres.uri(), "decoded"};
    sql.exec(
        "CREATE TABLE changed (id integer PRIMARY KEY, n integer, v text, b boolean, m numeric,"
        " d date); ALTER TABLE changed ALTER v SET STORAGE EXTERNAL;"
        " CREATE PUBLICATION decoded FOR TABLE changed");
    for (const std::string slot : {"pgoutput", "test_decoding"})
        sql.exec("SELECT pg_create_logical_replication_slot('of_" + slot + "', '" + slot + "')");
    for (int i = 0; i < transactions; ++i) {
        std::string one = "BEGIN; ";
        for (auto n = all.below(6); n > 0; --n) one += all.statement() + "; ";
        sql.exec(one + (all.below(10) == 0 ? "ROLLBACK" : "COMMIT"));
        if (i % 50 == 49)
            sql.exec(std::string{"ALTER TABLE changed REPLICA IDENTITY "} +
                     (i % 100 == 49 ? "FULL" : "DEFAULT"));
    }
    const auto messages = sql.scalar(
        "SELECT string_agg(encode(data, 'hex'), ' ') FROM pg_logical_slot_get_binary_changes("
        "'of_pgoutput', NULL, NULL, 'proto_version', '1', 'publication_names', 'decoded')");
    const auto expected = sql.scalar(
        "SELECT string_agg(data, E'\\n') FROM pg_logical_slot_get_changes("
        "'of_test_decoding', NULL, NULL, 'skip-empty-xacts', '1')");
    sql.exec(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
        " WHERE slot_name IN ('of_pgoutput', 'of_test_decoding')");
    EXPECT_GT(times("UPDATE: old-key:", expected), 20U);
    EXPECT_GT(times("unchanged-toast-datum", expected), 5U);
    // Line by line, so that the first that differs is shown, and not all.
    std::istringstream ours{decoded(messages)}, theirs{expected};
    std::string mine, its;
    int line = 0;
    while (std::getline(theirs, its)) {
        ASSERT_TRUE(std::getline(ours, mine)) << "lacks " << its.substr(0, 300);
        ASSERT_EQ(mine, its) << "line " << ++line;
    }
    EXPECT_FALSE(std::getline(ours, mine)) << "tells more: " << mine.substr(0, 300);
}

}  // namespace
}  // namespace larder::test
