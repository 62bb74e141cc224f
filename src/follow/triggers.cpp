#include "triggers.hpp"

#include <algorithm>

#include "catalogue.hpp"
#include "larder/cache/escaped.hpp"
#include "pg/connection.hpp"
#include "setup.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;

namespace {

const pg::parameters no_values;

// Statements of the table and of its partitions each have triggers of their own. What was changed
// and changed back between two looks has other xmin.
const std::string& members_with_triggers() {
    static const std::string all =
        "WITH RECURSIVE named AS (SELECT * FROM"
        " unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t (name, family, by_column, "
        "how)),"
        " member (family, by_column, how, id, since) AS ("
        " SELECT family, by_column, how, to_regclass(name)::oid, '' FROM named"
        " UNION SELECT family, by_column, how, i.inhrelid, i.xmin::text FROM member m"
        " JOIN pg_inherits i ON i.inhparent = m.id),"
        " all_triggers AS (SELECT m.family, m.by_column, m.how, m.id, c.relkind, c.relfilenode,"
        " concat_ws(' ', c.xmin, m.since,"
        "  (SELECT xmin FROM pg_proc WHERE oid = to_regproc('larder.tell_of_rows')), " +
        std::string{columns_and_schema} + ", " + std::string{what_came_and_went} +
        ") AS since,"
        " m.id::regclass::text AS name,"
        " (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = m.id AND t.tgenabled = 'A'"
        "  AND t.tgfoid = to_regproc('larder.tell_of_rows')"
        "  AND t.tgargs = convert_to(m.family, getdatabaseencoding()) || decode('00', 'hex')"
        "   || convert_to(m.by_column, getdatabaseencoding()) || decode('00', 'hex')"
        "   || convert_to(m.how, getdatabaseencoding()) || decode('00', 'hex')"
        "  AND t.tgname IN (SELECT format('larder_%s_%s', m.family, o) FROM unnest(ARRAY['insert',"
        "  'update', 'delete', 'truncate']) o)) = 4 AS is_told,"
        " (SELECT string_agg(concat(t.tgname, t.xmin, t.tgenabled, pg_get_triggerdef(t.oid)), ' '"
        "  ORDER BY t.tgname) FROM pg_trigger t WHERE t.tgrelid = m.id AND t.tgname LIKE "
        "'larder\\_%')"
        "  AS defined FROM member m LEFT JOIN pg_class c ON c.oid = m.id)";
    return all;
}

// Of an UPDATE all values, or where rows are only counted, those of which there are more or fewer
// now. Long lists are the family, and so is any row without a column.
constexpr std::string_view trigger_function{
    R"(CREATE OR REPLACE FUNCTION larder.tell_of_rows() RETURNS trigger
LANGUAGE plpgsql AS $larder$
DECLARE
    family constant text := TG_ARGV[0];
    rows constant text := CASE
        WHEN TG_ARGV[1] = '' THEN 'SELECT '''' AS v, 1 AS n FROM '
            || CASE TG_OP WHEN 'DELETE' THEN 'larder_before' ELSE 'larder_after' END
        WHEN TG_OP = 'INSERT' THEN format('SELECT %1$I AS v, 1 AS n FROM larder_after', TG_ARGV[1])
        WHEN TG_OP = 'DELETE' THEN format('SELECT %1$I AS v, 1 AS n FROM larder_before', TG_ARGV[1])
        ELSE format('SELECT %1$I AS v, %2$s AS n FROM larder_before'
            ' UNION ALL SELECT %1$I, 1 FROM larder_after', TG_ARGV[1],
            CASE TG_ARGV[2] WHEN 'counted' THEN -1 ELSE 1 END) END;
    found text[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify('larder_rows', family);
        RETURN NULL;
    END IF;
    EXECUTE 'SELECT array_agg(v::text) FROM (SELECT v FROM (' || rows || ') r'
        ' GROUP BY v HAVING sum(n) <> 0 LIMIT 1001) f' INTO found;
    IF found IS NULL THEN
        RETURN NULL;
    END IF;
    IF cardinality(found) > 1000 OR EXISTS (SELECT FROM unnest(found) v WHERE v !~ '^-?[0-9]{1,19}$') THEN
        PERFORM pg_notify('larder_rows', family);
        RETURN NULL;
    END IF;
    FOR i IN 0 .. (cardinality(found) - 1) / 200 LOOP
        PERFORM pg_notify('larder_rows', family || E'\n'
            || array_to_string(found[i * 200 + 1 : i * 200 + 200], E'\n'));
    END LOOP;
    RETURN NULL;
END
$larder$)"};

constexpr pg::statement is_function_as_it_should_be{
    "SELECT FROM pg_proc WHERE oid = to_regproc('larder.tell_of_rows')"
    " AND position(prosrc IN $1::text) > 0 AND prosrc <> ''",
    true};
const pg::parameters the_function(1, std::string{trigger_function});

// Triggers tell the values of one column: of a family with several, that all of it is untrue. So
// they do where one family depends twice on a table, as a trigger's name is made of the family's.
std::vector<followed> by_one_column(const std::vector<followed>& what) {
    std::vector<followed> all;
    for (const auto& each : what) {
        const auto same = std::ranges::find_if(all, [&](const followed& one) {
            return one.family == each.family && one.table == each.table;
        });
        const bool is_new = same == all.end();
        auto& one = is_new ? all.emplace_back(each) : *same;
        if (is_new && each.more_columns.empty()) continue;
        one.column.clear();
        one.more_columns.clear();
        one.is_only_counted = false;
    }
    return all;
}

pg::parameters values_of(const std::vector<followed>& what) {
    const auto each = by_one_column(what);
    pg::parameters all(1, tables_of(each));
    all.emplace_back(sql_array(each, &followed::family));
    all.emplace_back(sql_array(each, &followed::column));
    std::string how;
    for (const auto& one : each)
        how.append(how.empty() ? "" : ",").append(one.is_only_counted ? "counted" : "any");
    all.emplace_back('{' + how + '}');
    return all;
}

}  // namespace

untrue read_notification(std::string_view payload, const std::vector<followed>& what) {
    const auto end = payload.find('\n');
    const std::string family{payload.substr(0, end)};
    untrue all;
    const auto known = std::ranges::find(what, family, &followed::family);
    if (known == what.end()) return all;
    if (known->is_by_generation) {
        all.keys.insert(cache::generation_of(family));
        return all;
    }
    const bool is_by_value = std::ranges::any_of(by_one_column(what), [&](const followed& one) {
        return one.family == family && !one.column.empty();
    });
    if (end == payload.npos || !is_by_value) {
        all.families.insert(family);
        all.why = "a trigger tells of all rows of " + family;
        return all;
    }
    all.keys.insert(family + ":all");
    for (auto left = payload.substr(end + 1); !left.empty();) {
        const auto value = left.substr(0, left.find('\n'));
        left.remove_prefix(std::min(value.size() + 1, left.size()));
        if (!value.empty()) all.keys.insert((family + ':').append(value));
    }
    return all;
}

asio::awaitable<std::vector<std::string>> plan_triggers(pg::connection& with,
                                                        const std::vector<followed>& what) {
    static const std::string missing =
        members_with_triggers() +
        " SELECT format('DROP TRIGGER IF EXISTS %I ON %s', n, name) FROM all_triggers,"
        " LATERAL (SELECT format('larder_%s_%s', family, o) AS n FROM unnest(ARRAY['insert',"
        "  'update', 'delete', 'truncate']) o) t"
        " WHERE NOT is_told AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = id AND tgname = n)"
        " UNION ALL SELECT format('CREATE TRIGGER %I AFTER %s ON %s%s FOR EACH STATEMENT EXECUTE"
        " FUNCTION larder.tell_of_rows(%L, %L, %L); ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',"
        "  n, upper(o), name, CASE o WHEN 'insert' THEN ' REFERENCING NEW TABLE AS larder_after'"
        "   WHEN 'delete' THEN ' REFERENCING OLD TABLE AS larder_before'"
        "   WHEN 'update' THEN ' REFERENCING OLD TABLE AS larder_before NEW TABLE AS larder_after'"
        "   ELSE '' END, family, by_column, how, name, n)"
        " FROM all_triggers, LATERAL (SELECT o, format('larder_%s_%s', family, o) AS n"
        "  FROM unnest(ARRAY['insert', 'update', 'delete', 'truncate']) o) t WHERE NOT is_told";
    co_await expect_tables(with, what, told_by::triggers);
    std::vector<std::string> plan;
    const auto as_it_is = co_await with.execute(is_function_as_it_should_be, the_function);
    if (as_it_is.size() == 0) {
        plan.emplace_back("CREATE SCHEMA IF NOT EXISTS larder");
        plan.emplace_back(trigger_function);
    }
    const auto values = values_of(what);
    const pg::statement ask{missing, true};
    const auto rows = co_await with.execute(ask, values);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string_view both = *rows.text(i, 0);
        const auto end = both.find("; ");
        plan.emplace_back(both.substr(0, end));
        if (end != both.npos) plan.emplace_back(both.substr(end + 2));
    }
    co_return plan;
}

// Those of another service stay, and with them the function.
asio::awaitable<std::vector<std::string>> plan_no_triggers(pg::connection& with,
                                                           const std::vector<followed>& what) {
    static constexpr pg::statement there{
        "WITH made AS (SELECT tgname, tgrelid, tgname IN (SELECT format('larder_%s_%s', family, o)"
        "  FROM unnest($1::text[]) family, unnest(ARRAY['insert', 'update', 'delete', 'truncate']) "
        "o)"
        "  AS is_own FROM pg_trigger"
        "  WHERE tgfoid = to_regproc('larder.tell_of_rows') AND tgparentid = 0)"
        " SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM made WHERE is_own"
        " UNION ALL SELECT 'DROP FUNCTION larder.tell_of_rows()'"
        " WHERE to_regproc('larder.tell_of_rows') IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM made WHERE NOT is_own)",
        true};
    const pg::parameters families(1, sql_array(what, &followed::family));
    const auto rows = co_await with.execute(there, families);
    std::vector<std::string> plan;
    plan.reserve(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) plan.emplace_back(*rows.text(i, 0));
    co_return plan;
}

asio::awaitable<std::vector<std::string>> status_of_triggers(pg::connection& with,
                                                             const std::vector<followed>& what,
                                                             const std::string& program) {
    static constexpr pg::statement holders{
        "SELECT pid::text, coalesce(host(client_addr), 'local') FROM pg_stat_activity"
        " WHERE datname = current_database() AND (query = 'LISTEN larder_rows'"
        "  OR query LIKE 'SELECT 1 AS larder_follows_by_triggers') ORDER BY 1",
        true};
    const auto each = by_one_column(what);
    auto all = described(each);
    const auto found = co_await look_up_triggers(with, what);
    add_faults(all, found.faults, "triggers tell of their rows",
               "CACHE_FOLLOW=trigger " + program + " follow setup makes them");
    const auto held = co_await with.execute(holders, no_values);
    for (std::size_t i = 0; i < held.size(); ++i)
        all.push_back("followed from " + std::string{*held.text(i, 1)} + ", process " +
                      std::string{*held.text(i, 0)} + " of the server");
    if (held.size() == 0) all.emplace_back("nobody follows now");
    co_return all;
}

asio::awaitable<change_source::tables> look_up_triggers(pg::connection& with,
                                                        const std::vector<followed>& what) {
    static const std::string question =
        members_with_triggers() +
        " SELECT coalesce(name, ''), coalesce(relkind::text, ''), coalesce(is_told, false),"
        " concat_ws(' ', id, relkind, relfilenode, since, is_told, defined), family"
        " FROM all_triggers ORDER BY 4";
    const auto values = values_of(what);
    const pg::statement ask{question, true};
    const auto rows = co_await with.execute(ask, values);
    change_source::tables all;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::string name{rows.text(i, 0).value_or("")};
        const auto kind = rows.text(i, 1).value_or("");
        std::string fault;
        if (name.empty())
            fault = "the table of " + std::string{rows.text(i, 4).value_or("")} + " is not there";
        else if (auto unfit = why_unfit(name, kind, "p"); !unfit.empty()) fault = std::move(unfit);
        else if (rows.text(i, 2) != "t")
            fault = name + " has no triggers that always tell of its rows";
        if (!fault.empty() && std::ranges::find(all.faults, fault) == all.faults.end())
            all.faults.push_back(std::move(fault));
        all.fingerprint.append(name).append(": ").append(rows.text(i, 3).value_or(""));
        all.fingerprint.append(1, '\n');
    }
    const auto told = co_await with.execute(is_function_as_it_should_be, the_function);
    if (all.faults.empty() && told.size() == 0)
        all.faults.emplace_back(
            "larder.tell_of_rows() is not the function that this version makes");
    co_return all;
}

}  // namespace LARDER_NAMESPACE::follow
