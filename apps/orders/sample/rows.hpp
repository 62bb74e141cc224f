#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace orders::sample {

// As many as in the original. Reorder is empty there too.
inline constexpr std::int64_t category_count = 16;
inline constexpr std::int64_t product_count = 10'000;
inline constexpr std::int64_t customer_count = 20'000;
inline constexpr std::int64_t order_count = 12'000;

/// What the rows about one order agree on.
struct order_facts {
    std::int32_t customerid;
    std::int32_t month;  ///< of 2004
    std::int32_t day;
    std::int32_t net_cents;
    std::int32_t tax_cents;
    std::int32_t lines;
};

/// The same at every run, and for every number of orders: order 7 is order 7.
order_facts facts_of_order(std::int64_t orderid) noexcept;

struct line_facts {
    std::int32_t prod_id;
    std::int32_t quantity;
};

/// lineid counts from 1 in each order.
line_facts facts_of_line(std::int64_t orderid, std::int32_t lineid) noexcept;

/// The rows of one table, in the text format of COPY, made piece by piece in bounded memory.
struct row_source {
    std::string_view table;
    std::int64_t pieces;  ///< an order's lines are one piece; elsewhere a row is
    std::int64_t rows;    ///< in all pieces together
    /// Appends the rows of one piece, counted from 1.
    std::function<void(std::int64_t piece, std::string& out)> append;
};

/// Every table's rows, referenced tables first.
///
/// Shape    only the first 12,000 orders have lines and history; see rows.cpp.
std::vector<row_source> sample_rows(std::int64_t orders);

}  // namespace orders::sample
