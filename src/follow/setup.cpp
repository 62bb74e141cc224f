#include "setup.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>

#include "catalogue.hpp"
#include "pg/connection.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;

namespace {

using lines = std::vector<std::string>;
const pg::parameters none;
constexpr std::string_view is_logged = "p";

// Each statement makes one column of SQL, in the order of what is to be done. An identity is noted
// as what sets it back. A partitioned table is published by its name, which covers its partitions.
// Tables of another service stay published; one with a filter or a list of columns begins anew.
constexpr pg::statement setup{
    "WITH RECURSIVE named (id) AS (SELECT DISTINCT to_regclass(t)::oid FROM unnest($1::text[]) t),"
    " member (id) AS (SELECT id FROM named UNION"
    " SELECT i.inhrelid FROM member m JOIN pg_inherits i ON i.inhparent = m.id),"
    " leaf AS (SELECT c.oid, c.oid::regclass::text AS name, c.relreplident AS identity,"
    "  (SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = c.oid AND indisreplident)"
    "   AS by_index"
    "  FROM member m JOIN pg_class c ON c.oid = m.id WHERE c.relkind = 'r'),"
    " was AS (SELECT string_agg(format('ALTER TABLE %s REPLICA IDENTITY %s', name,"
    "   CASE identity WHEN 'n' THEN 'NOTHING' WHEN 'i' THEN 'USING INDEX ' || by_index"
    "   ELSE 'DEFAULT' END), E'\\n' ORDER BY name) AS note"
    "  FROM leaf WHERE identity <> 'f'),"
    " publication AS (SELECT oid, pubname FROM pg_publication WHERE pubname = $2::text),"
    " published AS (SELECT r.prrelid, to_jsonb(r) ->> 'prqual' IS NULL"
    "   AND to_jsonb(r) ->> 'prattrs' IS NULL AS is_whole"
    "  FROM pg_publication_rel r JOIN publication p ON r.prpubid = p.oid)"
    " SELECT 1, format('ALTER TABLE %s REPLICA IDENTITY FULL', name) FROM leaf"
    "  WHERE identity <> 'f'"
    " UNION ALL SELECT 2, format('CREATE PUBLICATION %I FOR TABLE %s%s', $2::text,"
    "   string_agg(id::regclass::text, ', ' ORDER BY id::regclass::text),"
    "   CASE WHEN current_setting('server_version_num')::int >= 180000"
    "   THEN ' WITH (publish_generated_columns = stored)' ELSE '' END)"
    "  FROM named WHERE NOT EXISTS (SELECT FROM publication) HAVING count(*) > 0"
    " UNION ALL SELECT 2, format('ALTER PUBLICATION %I DROP TABLE %s', $2::text,"
    "   string_agg(id::regclass::text, ', ' ORDER BY id::regclass::text))"
    "  FROM named JOIN published ON id = published.prrelid AND NOT is_whole HAVING count(*) > 0"
    " UNION ALL SELECT 3, format('ALTER PUBLICATION %I ADD TABLE %s', $2::text,"
    "   string_agg(id::regclass::text, ', ' ORDER BY id::regclass::text))"
    "  FROM named WHERE EXISTS (SELECT FROM publication)"
    "   AND id NOT IN (SELECT prrelid FROM published WHERE is_whole) HAVING count(*) > 0"
    " UNION ALL SELECT 4, format('ALTER PUBLICATION %I SET (publish ="
    " ''insert, update, delete, truncate'', publish_via_partition_root = false)', $2::text)"
    "  FROM pg_publication p WHERE pubname = $2::text AND NOT (p.pubinsert AND p.pubupdate"
    "   AND p.pubdelete AND p.pubtruncate AND NOT p.pubviaroot)"
    " UNION ALL SELECT 5, format('COMMENT ON PUBLICATION %I IS %L', $2::text, concat_ws(E'\\n',"
    "   (SELECT obj_description(oid, 'pg_publication') FROM publication), note))"
    "  FROM was WHERE note IS NOT NULL"
    " ORDER BY 1, 2",
    true};

// What is noted of identities; which of the tables are published, how many others are, and a row
// for each that has rows.
constexpr pg::statement published{
    "WITH RECURSIVE member (id) AS (SELECT to_regclass(t)::oid FROM unnest($1::text[]) t UNION"
    " SELECT i.inhrelid FROM member m JOIN pg_inherits i ON i.inhparent = m.id),"
    " named (id) AS (SELECT to_regclass(t)::oid FROM unnest($1::text[]) t)"
    " SELECT obj_description(p.oid, 'pg_publication'),"
    " (SELECT string_agg(prrelid::regclass::text, ', ' ORDER BY prrelid::regclass::text)"
    "  FROM pg_publication_rel WHERE prpubid = p.oid AND prrelid IN (SELECT id FROM named)),"
    " EXISTS (SELECT FROM pg_publication_rel WHERE prpubid = p.oid"
    "  AND prrelid NOT IN (SELECT id FROM named WHERE id IS NOT NULL)), m.id::regclass"
    " FROM pg_publication p LEFT JOIN member m ON m.id IS NOT NULL WHERE pubname = $2::text",
    true};
constexpr pg::statement kind_of_table{
    "SELECT relkind, relpersistence FROM pg_class WHERE oid = to_regclass($1::text)", true};
constexpr pg::statement slots{
    "SELECT slot_name, coalesce(active_pid::text, '-'),"
    " coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), confirmed_flush_lsn), 0)::bigint,"
    " coalesce(wal_status, '-'),"
    " coalesce((SELECT host(client_addr) FROM pg_stat_replication r WHERE r.pid = active_pid),"
    " 'local'), coalesce(safe_wal_size::text, ''), temporary"
    " FROM pg_replication_slots WHERE slot_name ~ '^larder_[0-9a-f]{32}$'"
    " AND (database = current_database() OR NOT temporary) ORDER BY 1",
    true};

bool is_identity(std::string_view line) {
    return line.starts_with("ALTER TABLE ") && line.find(" REPLICA IDENTITY ") != line.npos;
}

std::string quoted(std::string_view text) {
    std::string all = "'";
    for (const char c : text) all.append(c == '\'' ? 2 : 1, c);
    return all + '\'';
}

}  // namespace

asio::awaitable<void> expect_tables(pg::connection& with, const std::vector<followed>& what,
                                    told_by by) {
    for (const auto& one : what) {
        const pg::parameters name(1, one.table);
        const auto found = co_await with.execute(kind_of_table, name);
        if (found.size() == 0)
            throw pg::error{pg::failure::rejected, "there is no table " + one.table};
        const auto persistence = by == told_by::log ? *found.text(0, 1) : is_logged;
        const auto unfit = why_unfit(one.table, *found.text(0, 0), persistence);
        if (!unfit.empty()) throw pg::error{pg::failure::rejected, unfit};
    }
}

asio::awaitable<lines> plan_setup(pg::connection& with, const std::vector<followed>& what) {
    co_await expect_tables(with, what, told_by::log);
    pg::parameters values(1, tables_of(what));
    values.emplace_back(publication);
    const auto rows = co_await with.execute(setup, values);
    lines plan;
    for (std::size_t i = 0; i < rows.size(); ++i) plan.emplace_back(*rows.text(i, 1));
    co_return plan;
}

// Tables of another service stay published, and what is noted of them stays noted.
asio::awaitable<lines> plan_drop(pg::connection& with, const std::vector<followed>& what) {
    pg::parameters values(1, tables_of(what));
    values.emplace_back(publication);
    const auto rows = co_await with.execute(published, values);
    lines plan;
    if (rows.size() == 0) co_return plan;
    const bool has_others = rows.text(0, 2) == "t";
    const std::string name{publication};
    if (!has_others) plan.push_back("DROP PUBLICATION " + name);
    else if (const auto mine = rows.text(0, 1))
        plan.push_back(("ALTER PUBLICATION " + name + " DROP TABLE ").append(*mine));
    std::set<std::string, std::less<>> own;
    for (std::size_t i = 0; i < rows.size(); ++i)
        own.insert("ALTER TABLE " + std::string{rows.text(i, 3).value_or("")});
    std::string kept;
    std::string_view left = rows.text(0, 0).value_or("");
    const auto all = left.size();
    while (!left.empty()) {
        const auto line = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(line.size() + 1, left.size()));
        // Of a table that was set up twice the first note counts.
        const auto table = line.substr(0, line.find(" REPLICA IDENTITY "));
        const bool is_noted =
            std::ranges::any_of(plan, [&](auto& one) { return one.starts_with(table); });
        const bool stays = has_others && !own.contains(table);
        if (stays) kept.append(kept.empty() ? "" : "\n").append(line);
        else if (is_identity(line) && !is_noted) plan.emplace_back(line);
    }
    if (has_others && kept.size() != all)
        plan.push_back("COMMENT ON PUBLICATION " + name + " IS " + quoted(kept));
    co_return plan;
}

asio::awaitable<void> carry_out(pg::connection& with, lines plan) {
    static constexpr pg::statement impatient{"SET LOCAL lock_timeout = '500ms'"};
    // One after the other: who comes later finds what is there by its name.
    static constexpr pg::statement alone{"SELECT pg_advisory_xact_lock(hashtext('larder follow'))"};
    if (plan.empty()) co_return;
    co_await with.execute(impatient, none, pg::framing::begins);
    co_await with.execute(alone, none);
    for (const auto& one : plan) {
        const pg::statement next{one};
        co_await with.execute(next, none);
    }
    co_await with.end("COMMIT");
}

lines described(const std::vector<followed>& what) {
    lines all;
    for (const auto& one : what) {
        auto& line = all.emplace_back("table " + one.table + ": for " + one.family);
        if (one.column.empty()) line += ", all of it";
        else line += ", by " + one.column;
        for (const auto& more : one.more_columns) line += " and " + more;
    }
    return all;
}

void add_faults(lines& to, const lines& faults, const std::string& if_none,
                const std::string& help) {
    if (faults.empty()) to.push_back(if_none);
    for (const auto& one : faults)
        to.emplace_back("cannot be followed: ").append(one).append("; ").append(help);
}

asio::awaitable<lines> status(pg::connection& with, const std::vector<followed>& what,
                              const std::string& program) {
    auto all = described(what);
    const auto found = co_await look_up_tables(with, what);
    add_faults(all, found.faults, "PostgreSQL's log tells of them",
               program + " follow setup mends it where it can");
    const auto held = co_await with.execute(slots, none);
    bool is_followed = false;
    for (std::size_t i = 0; i < held.size(); ++i) {
        const auto text = [&](std::size_t column) { return std::string{*held.text(i, column)}; };
        if (text(6) != "t") {
            all.push_back("cannot be followed: " + why_in_the_way(text(0)));
            continue;
        }
        is_followed = true;
        all.push_back("followed from " + text(4) + ", process " + text(1) + " of the server, " +
                      text(2) + " bytes behind, slot " + text(0) + " (" + text(3) + ", " +
                      (text(5).empty() ? "however much log there is"
                                       : "lost after " + text(5) + " bytes more of log") +
                      ")");
    }
    if (!is_followed) all.emplace_back("nobody follows now");
    co_return all;
}

}  // namespace LARDER_NAMESPACE::follow
