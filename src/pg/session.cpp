#include "larder/pg/session.hpp"

#include <algorithm>

namespace larder::pg {

namespace asio = boost::asio;

asio::awaitable<result> session::run(const statement& sql, parameters values) {
    if (sql.reads_only) return pool_.run(sql, std::move(values));
    return write(sql, std::move(values));
}

// The statement runs first, for as long as it takes, and only the commit is prepared for.
asio::awaitable<result> session::write(const statement& sql, parameters values) {
    auto change = co_await pool_.begin();
    auto rows = co_await change.run(sql, std::move(values));
    if (before_commit_) {
        const auto payloads = co_await before_commit_();
        for (const auto& one : payloads) co_await change.notify(one);
    }
    const auto before = std::exchange(outcome_, outcome::unknown);  // also if it is abandoned
    try {
        co_await change.commit();
    } catch (const error& e) {
        if (e.kind() == failure::interrupted) lost_.push_back(e.backend());
        else outcome_ = before;
        throw;
    }
    outcome_ = std::max(before, outcome::written);
    co_return rows;
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
