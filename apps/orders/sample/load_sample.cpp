#include "sample/load_sample.hpp"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iomanip>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "sample/connection.hpp"
#include "sample/database.hpp"
#include "sample/failure.hpp"
#include "sample/interrupt.hpp"
#include "sample/progress.hpp"
#include "sample/rows.hpp"
#include "sample/schema.hpp"

namespace orders {

namespace {

using namespace sample;

constexpr std::size_t copy_bytes = std::size_t{256} * 1024;

void say(const std::string& sentence) { std::printf("%s\n", sentence.c_str()); }

void begin(connection& server) {
    server.execute("BEGIN");
    // A role's or a database's own limits are for statements that are shorter than a load.
    server.execute("SET LOCAL statement_timeout = 0");
    server.execute("SET LOCAL idle_in_transaction_session_timeout = 0");
    server.execute("SET LOCAL client_min_messages = warning");
    // Of two loads at the same time the second waits, and then finds the first one's tables.
    server.execute("SELECT pg_advisory_xact_lock(hashtextextended('orders load-sample', 0))");
}

// In any schema: a database with orders in it is somebody's.
std::optional<std::string> orders_there(connection& server) {
    return server.value(
        "SELECT format('%s.%s', n.nspname, c.relname) "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
        "AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
        "ORDER BY n.nspname <> 'public' LIMIT 1",
        "orders");
}

void run(connection& server, const std::vector<schema_step>& steps,
         const interrupt_guard& interrupt, progress& shown) {
    shown.begin_steps(steps.size());
    for (const auto& step : steps) {
        interrupt.check();
        shown.begin_step(step.what);
        server.execute(step.sql);
    }
}

void copy(connection& server, const row_source& source, const interrupt_guard& interrupt,
          progress& shown) {
    shown.begin_table(source.table);
    // FREEZE: the table is as new as this transaction, so its rows need not be visited again by
    // the first to read them, nor by VACUUM.
    server.begin_copy("COPY public." + std::string{source.table} + " FROM STDIN WITH (FREEZE)");
    std::string text;
    text.reserve(copy_bytes + 4096);
    std::int64_t sent = 0;
    for (std::int64_t piece = 1; piece <= source.pieces; ++piece) {
        source.append(piece, text);
        if (text.size() < copy_bytes && piece < source.pieces) continue;
        interrupt.check();
        server.send(text);
        text.clear();
        // Rows of a piece may be several; the share of the pieces is near enough on the way.
        const auto done = source.rows * piece / source.pieces;
        shown.add(done - sent);
        sent = done;
    }
    server.end_copy();
    shown.end_table(source.rows);
}

void fill(connection& server, const load_sample_options& options,
          const interrupt_guard& interrupt) {
    progress shown;
    if (options.reset) run(server, drop_steps, interrupt, shown);
    run(server, table_steps, interrupt, shown);

    const auto sources = sample_rows(options.orders);
    std::int64_t rows = 0;
    for (const auto& source : sources) rows += source.rows;
    shown.begin_rows(rows);
    for (const auto& source : sources) copy(server, source, interrupt, shown);

    run(server, finishing_steps, interrupt, shown);
}

void commit(connection& server) {
    try {
        server.execute("COMMIT");
    } catch (const failure& lost) {
        if (server.is_open()) throw;
        throw failure{std::string{lost.what()} +
                          " while the sample was being committed; run the command again to see "
                          "whether it is there",
                      lost.exit_status(), lost.sqlstate()};
    }
}

std::string advice(const failure& refused) {
    // 42P07: one of the other seven tables is there.
    if (refused.sqlstate() == "42P07")
        return "; choose another database with PG_DATABASE, or have the sample's tables replaced "
               "with --reset";
    // 42501: the role may not make tables here, or may not drop those that are here.
    if (refused.sqlstate() == "42501") return "; load it as the role that owns the database";
    // 2BP01: others made something upon the sample's tables.
    if (refused.sqlstate() == "2BP01") return "; drop that first";
    return {};
}

// Everything that may fail before COMMIT. False: there was nothing to do.
bool prepare(connection& server, const load_sample_options& options) {
    const interrupt_guard interrupt{server.native()};
    try {
        begin(server);
        if (const auto there = orders_there(server); there && !options.reset) {
            server.roll_back();
            say("Database " + options.database + " already has a table " + *there +
                ": nothing was changed. With --reset the sample is loaded anew.");
            return false;
        }
        fill(server, options, interrupt);
        interrupt.check();
        return true;
    } catch (const failure& refused) {
        server.roll_back();
        if (const int signal = interrupt.signal(); signal != 0)
            throw failure{"interrupted; nothing was changed", 128 + signal};
        throw failure{refused.what() + advice(refused) + "; nothing was changed",
                      refused.exit_status(), refused.sqlstate()};
    }
}

void load(const load_sample_options& options) {
    if (options.orders < 0 || options.orders > max_sample_orders)
        throw failure{"the number of orders must be from 0 to " + grouped(max_sample_orders)};

    const auto start = std::chrono::steady_clock::now();
    auto server = connect_or_create(options.server, options.database);
    if (!prepare(server, options)) return;
    commit(server);

    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::ostringstream sentence;
    sentence << "Database " << options.database << " has the sample: " << grouped(options.orders)
             << " orders of " << grouped(customer_count) << " customers, loaded in " << std::fixed
             << std::setprecision(1) << taken.count() << " s.";
    say(sentence.str());
}

}  // namespace

int load_sample(const load_sample_options& options) {
    try {
        load(options);
        return 0;
    } catch (const failure& refused) {
        std::fprintf(stderr, "orders load-sample: %s\n", refused.what());
        return refused.exit_status();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "orders load-sample: %s\n", error.what());
        return exit_failed;
    }
}

}  // namespace orders
