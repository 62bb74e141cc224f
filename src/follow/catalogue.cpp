#include "catalogue.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "pg/connection.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;

namespace {

// Partitions and tables that inherit, too: their rows are found by a query of the one that is
// named. A published row filter leaves rows out. What was changed and changed back between two
// looks has other xmin, also of its columns and its schema.
const std::string& question() {
    static const std::string all =
        "WITH RECURSIVE member (n, id, since) AS (SELECT t.n, to_regclass(t.name)::oid, ''"
        " FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n) UNION"
        " SELECT m.n, i.inhrelid, i.xmin::text FROM member m"
        " JOIN pg_inherits i ON i.inhparent = m.id)"
        " SELECT m.n, c.oid, c.oid::regclass, c.relkind, c.relpersistence,"
        " concat_ws(' ', c.relreplident, pg_relation_filenode(c.oid), c.xmin, m.since,"
        "  (SELECT concat_ws(' ', p.oid, p.xmin, r.xmin) FROM pg_publication p"
        "   LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = c.oid"
        "   WHERE p.pubname = $2::text), " +
        std::string{columns_and_schema} + ", " + std::string{what_came_and_went} +
        "),"
        " EXISTS (SELECT FROM pg_publication_tables p WHERE p.pubname = $2::text"
        " AND p.schemaname = s.nspname AND p.tablename = c.relname)"
        " AND EXISTS (SELECT FROM pg_publication p WHERE p.pubname = $2::text"
        " AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate)"
        " AND NOT EXISTS (SELECT FROM pg_publication p JOIN pg_publication_rel r"
        " ON r.prpubid = p.oid WHERE p.pubname = $2::text AND to_jsonb(r) ->> 'prqual' IS NOT NULL)"
        " FROM member m LEFT JOIN pg_class c ON c.oid = m.id"
        " LEFT JOIN pg_namespace s ON s.oid = c.relnamespace ORDER BY m.n, c.oid";
    return all;
}

template <class Number>
Number number_in(std::string_view text) {
    Number read = 0;
    std::from_chars(text.data(), text.data() + text.size(), read);
    return read;
}

void note(std::vector<std::string>& all, std::string fault) {
    if (!fault.empty() && std::ranges::find(all, fault) == all.end())
        all.push_back(std::move(fault));
}

}  // namespace

std::string why_unfit(std::string_view table, std::string_view kind, std::string_view persistence) {
    const std::string name{table};
    if (kind != "r" && kind != "p")
        return name + " is no table with rows of its own, as a view or a foreign table";
    if (persistence != "p") return name + " is unlogged, or temporary, so its rows are in no log";
    return {};
}

std::string why_in_the_way(std::string_view slot) {
    const std::string name{slot};
    return "the slot " + name +
           " is permanent, so no instance made it, and has the name of one's;" +
           " who does not need it drops it: SELECT pg_drop_replication_slot('" + name + "')";
}

std::string sql_array(const std::vector<followed>& what, std::string followed::* member) {
    std::string all = "{";
    for (const auto& one : what) {
        if (all.size() > 1) all += ',';
        all += '"';
        for (const char c : one.*member) {
            if (c == '"' || c == '\\') all += '\\';
            all += c;
        }
        all += '"';
    }
    return all + '}';
}

asio::awaitable<catalogue> look_up_tables(pg::connection& with, const std::vector<followed>& what) {
    pg::parameters values(1, tables_of(what));
    values.emplace_back(publication);
    const pg::statement ask{question(), true};
    const auto rows = co_await with.execute(ask, values);
    catalogue all;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto text = [&](std::size_t column) { return rows.text(i, column).value_or(""); };
        const auto& one = what.at(number_in<std::size_t>(text(0)) - 1);
        all.fingerprint.append(one.table).append(":");
        for (std::size_t column = 0; column < 7; ++column)
            all.fingerprint.append(1, ' ').append(text(column));
        all.fingerprint.append(1, '\n');
        if (!rows.text(i, 1)) note(all.faults, one.table + " is not there");
        if (!rows.text(i, 1) || text(3) == "p") continue;
        auto fault = why_unfit(text(2), text(3), text(4));
        if (fault.empty() && text(6) != "t")
            fault = std::string{text(2)} + " is not published whole";
        note(all.faults, std::move(fault));
        all.tables[number_in<std::uint32_t>(text(1))].push_back(
            {one.family, one.column, one.more_columns, one.is_only_counted, one.is_by_generation});
    }
    co_return all;
}

}  // namespace LARDER_NAMESPACE::follow
