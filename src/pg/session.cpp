#include "larder/pg/session.hpp"

#include <algorithm>

namespace larder::pg {

namespace asio = boost::asio;

asio::awaitable<result> session::run(const statement& sql, parameters values) {
    if (!sql.reads_only && before_write_) co_await before_write_();
    const auto before = outcome_;
    if (!sql.reads_only) outcome_ = outcome::unknown;  // also if it is abandoned
    try {
        auto rows = co_await pool_.run(sql, std::move(values));
        if (!sql.reads_only) outcome_ = std::max(before, outcome::written);
        co_return rows;
    } catch (const error& e) {
        const bool is_lost = e.kind() == failure::interrupted && !sql.reads_only;
        if (is_lost) lost_.push_back(e.backend());
        else outcome_ = before;
        throw;
    }
}

namespace {

asio::awaitable<bool> are_over(pool& connections, std::vector<std::string> backends) {
    for (const auto& one : backends) {
        const bool over = co_await connections.is_over(one);
        if (!over) co_return false;
    }
    co_return !backends.empty();
}

}  // namespace

std::function<asio::awaitable<bool>()> session::over_check() const {
    return [&connections = pool_, lost = lost_] { return are_over(connections, lost); };
}

}  // namespace larder::pg
