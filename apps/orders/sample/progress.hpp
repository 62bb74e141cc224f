#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orders::sample {

/// 12000 as 12,000.
std::string grouped(std::int64_t number);

/// What the line on the terminal shows.
struct progress_state {
    std::string_view doing;  ///< a table, or a step such as "orders_pkey"
    std::int64_t done = 0;   ///< rows or steps
    std::int64_t all = 0;
    std::chrono::duration<double> elapsed{};  ///< while it is rows; zero while it is steps
};

/// The line, at most width columns.
std::string progress_line(const progress_state& state, std::size_t width);

/// Shows on stderr how far the load is: one line, redrawn, on a terminal; elsewhere one line a
/// table. Leaves no line on the terminal behind.
class progress {
public:
    progress();
    ~progress();

    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    void begin_steps(std::size_t all);
    void begin_step(std::string_view what);

    /// So many rows, in all tables together.
    void begin_rows(std::int64_t all);
    void begin_table(std::string_view table);
    void add(std::int64_t rows);
    void end_table(std::int64_t rows);

private:
    using clock = std::chrono::steady_clock;

    void draw();

    bool terminal_;
    progress_state state_;
    clock::time_point start_;
    clock::time_point drawn_;
};

}  // namespace orders::sample
