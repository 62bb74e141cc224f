// Which tables a statement reads.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <set>
#include <string_view>

#include "digest.hpp"
#include "pool_state.hpp"

namespace larder::pg {

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
    "SELECT id::regclass FROM (SELECT DISTINCT to_regclass(one)::oid AS id"
    " FROM unnest($1::text[]) one) found WHERE id IS NOT NULL AND NOT EXISTS ("
    "WITH RECURSIVE above (id) AS (SELECT found.id"
    " UNION SELECT i.inhparent FROM above a JOIN pg_inherits i ON i.inhrelid = a.id)"
    " SELECT FROM above JOIN unnest($2::text[]) d ON to_regclass(d) = above.id) ORDER BY 1",
    true};

std::string quoted_name(std::string_view name) {
    std::string all = "\"";
    for (const char c : name) all.append(c == '"' ? 2 : 1, c);
    return all + '"';
}

std::string array_of(const auto& names) {
    parameters all;
    for (const auto& one : names) all.emplace_back(one);
    return detail::array_text(all);
}

void add_tables(const boost::json::value& plan, std::set<std::string>& to) {
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
    if (!name.empty() && schema != "pg_catalog")
        to.insert(quoted_name(schema) + '.' + quoted_name(name));
    for (const auto& [key, value] : *node)
        if (value.is_structured()) add_tables(value, to);
}

// EXPLAIN takes no parameters before PostgreSQL 16, but EXECUTE does.
asio::awaitable<std::set<std::string>> tables_of(pool& connections, read one) {
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
    std::set<std::string> all;
    add_tables(boost::json::parse(plan.text(0, 0).value_or("")), all);
    co_return all;
}

}  // namespace

bool pool::checks_reads() const { return state_->options.checks_reads; }

asio::awaitable<std::vector<std::string>> pool::undeclared_tables(
    std::vector<read> reads, std::vector<std::string> declared) {
    const auto allowed = array_of(declared);
    std::set<std::string> all;
    for (const auto& one : reads) {
        const auto known = allowed + '\n' + one.sql;
        if (state_->right_reads.contains(known)) continue;
        const auto found = co_await tables_of(*this, one);
        parameters values(1, array_of(found));
        values.emplace_back(allowed);
        const auto others = co_await run(others_than, std::move(values));
        if (others.size() == 0) state_->right_reads.insert(known);
        for (std::size_t i = 0; i < others.size(); ++i) all.emplace(others.text(i, 0).value_or(""));
    }
    co_return std::vector<std::string>(all.begin(), all.end());
}

}  // namespace larder::pg
