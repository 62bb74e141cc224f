// Writes and reads through running instances, and checks every answer against what it may be.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "check/report.hpp"
#include "larder/pg/conninfo.hpp"

namespace orders::check {

struct options {
    larder::pg::conninfo source;                 ///< the instances' PostgreSQL and database
    std::vector<std::string> urls;               ///< of the instances
    std::vector<std::string> write_urls;         ///< of those that take writes; empty: all
    std::chrono::milliseconds duration{10'000};  ///< how long at most
    std::int64_t reads = 0;                      ///< how many at most; 0: no limit
    unsigned writers = 8;                        ///< threads
    unsigned readers = 8;                        ///< threads
    std::int32_t customers = 8;                  ///< orders are of customers 1 to this
    std::chrono::milliseconds read_pause{0};     ///< of a reader after an answer, on average
    std::chrono::milliseconds write_pause{0};    ///< of a writer after an order, on average
    std::chrono::milliseconds timeout{2'000};    ///< for one request
    std::chrono::milliseconds settle{5'000};     ///< for all instances to be right at the end
    std::chrono::milliseconds allowed_stale{0};  ///< staler answers are violations
    bool is_external = false;                    ///< writers INSERT, instead of asking instances
};

/// One run.
///
/// Errors   throws sample::failure: a URL that is none, PostgreSQL or an instance that does not
///          answer at the start, PostgreSQL that is still away at the end. Whatever happens in
///          between is counted.
class checker {
public:
    /// Asks PostgreSQL for the counts so far, and each instance for one.
    explicit checker(options how);
    ~checker();
    checker(const checker&) = delete;
    checker& operator=(const checker&) = delete;

    /// Returns when the run is over and the instances were compared with PostgreSQL.
    report run();
    /// Ends the run early. Any thread, and signal handlers.
    void stop() noexcept { stopped_ = true; }

    /// How many requests an instance, by its place in `urls`, has answered 200. Any thread.
    std::int64_t reads_through(std::size_t instance) const;
    std::int64_t writes_through(std::size_t instance) const;

private:
    struct state;
    std::atomic<bool> stopped_ = false;
    std::unique_ptr<state> state_;
};

/// The command `orders check`: runs, prints the report, and returns the exit status. SIGINT and
/// SIGTERM end the run early.
int check(options how, bool as_json);

}  // namespace orders::check
