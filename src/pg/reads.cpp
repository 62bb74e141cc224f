// Which tables a statement reads.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <set>
#include <string_view>
#include <utility>

#include "digest.hpp"
#include "pool_state.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;

#ifdef NDEBUG
const bool pool_options::debug_build = false;
#else
const bool pool_options::debug_build = true;
#endif

namespace {

const parameters no_values;
constexpr statement plan_for_any_values{"SET LOCAL plan_cache_mode = force_generic_plan", true};

// A partition is one of its parents, too.
constexpr statement others_than{
    "SELECT id::regclass FROM (SELECT DISTINCT c.oid AS id"
    " FROM unnest($1::text[], $3::text[]) found (name, schema)"
    " JOIN pg_namespace n ON n.nspname = schema"
    " JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = name) found WHERE NOT EXISTS ("
    "WITH RECURSIVE above (id) AS (SELECT found.id"
    " UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.id)"
    " SELECT FROM above JOIN unnest($2::text[]) d ON to_regclass(d) = above.id) ORDER BY 1",
    true};

// By name and schema: to find a name by SQL's rules takes rights on its schema.
using named_tables = std::set<std::pair<std::string, std::string>>;

void add_tables(const boost::json::value& plan, named_tables& to) {
    if (const auto* list = plan.if_array())
        for (const auto& one : *list) add_tables(one, to);
    const auto* node = plan.if_object();
    if (!node) return;
    const auto text = [node](std::string_view member) {
        const auto* value = node->if_contains(member);
        return value && value->is_string() ? std::string_view{value->get_string()}
                                           : std::string_view{};
    };
    const auto name = text("Relation Name"), schema = text("Schema");
    if (!name.empty() && schema != "pg_catalog") to.emplace(name, schema);
    for (const auto& [key, value] : *node)
        if (value.is_structured()) add_tables(value, to);
}

// EXPLAIN takes no parameters before PostgreSQL 16, but EXECUTE does.
asio::awaitable<named_tables> tables_of(pool& connections, read one) {
    const auto name = "larder_read_" + digest_of(one.sql, 16);
    const auto prepare = "PREPARE " + name + " AS " + one.sql;
    auto explain = "EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE " + name;
    for (std::size_t i = 0; i < one.values; ++i) explain += i == 0 ? " (NULL" : ", NULL";
    if (one.values > 0) explain += ')';
    const auto leave = "DEALLOCATE " + name;
    const statement prepares{prepare, true}, explains{explain, true}, leaves{leave, true};
    auto ask = co_await connections.begin();
    co_await ask.run(plan_for_any_values, no_values);
    co_await ask.run(prepares, no_values);
    const auto plan = co_await ask.run(explains, no_values);
    co_await ask.run(leaves, no_values);
    co_await ask.rollback();
    named_tables all;
    add_tables(boost::json::parse(plan.text(0, 0).value_or("")), all);
    co_return all;
}

}  // namespace

bool pool::checks_reads() const { return state_->options.checks_reads; }

asio::awaitable<std::vector<std::string>> pool::undeclared_tables(
    std::vector<read> reads, std::vector<std::string> declared) {
    const auto allowed = detail::array_text({declared.begin(), declared.end()});
    std::set<std::string> all;
    for (const auto& one : reads) {
        const auto known = allowed + '\n' + one.sql;
        if (state_->right_reads.contains(known)) continue;
        const auto found = co_await tables_of(*this, one);
        parameters names, schemas;
        for (const auto& [name, schema] : found) {
            names.emplace_back(name);
            schemas.emplace_back(schema);
        }
        parameters values(1, detail::array_text(names));
        values.emplace_back(allowed);
        values.emplace_back(detail::array_text(schemas));
        const auto others = co_await run(others_than, std::move(values));
        if (others.size() == 0) state_->right_reads.insert(known);
        for (std::size_t i = 0; i < others.size(); ++i) all.emplace(others.text(i, 0).value_or(""));
    }
    co_return std::vector<std::string>(all.begin(), all.end());
}

}  // namespace LARDER_NAMESPACE::pg
