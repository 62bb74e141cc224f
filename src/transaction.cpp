#include "larder/transaction.hpp"

#include <algorithm>
#include <exception>

namespace larder {

namespace asio = boost::asio;

asio::awaitable<transaction> transaction::begin(services& at) {
    auto inner = co_await at.db.connections().begin(pg::pool::time_point::max(), at.db.trace());
    co_await at.db.check_guard(inner);
    co_return transaction{at, std::move(inner)};
}

asio::awaitable<pg::result> transaction::run(const pg::statement& sql, pg::parameters values) {
    return inner_.run(sql, std::move(values));
}

void transaction::add(std::string entry) {
    if (std::find(broken_.begin(), broken_.end(), entry) == broken_.end())
        broken_.push_back(std::move(entry));
}

asio::awaitable<void> transaction::commit() {
    cache::write change{cache_, broken_, trace_};
    const auto untold = co_await change.hold();
    for (const auto& one : untold) co_await inner_.notify(one);
    std::exception_ptr failed;
    cache::write::ask_fate what_became;
    try {
        co_await inner_.commit();
    } catch (const pg::error& e) {
        failed = std::current_exception();
        if (e.kind() == pg::failure::interrupted)
            what_became = [&connections = connections_, lost = e.transaction()] {
                return connections.fate_of(lost);
            };
    }
    auto id = inner_.id();
    const auto late = co_await change.end(!failed, std::move(what_became), std::move(id));
    if (!late.empty()) co_await connections_.announce(late);
    if (failed) std::rethrow_exception(failed);
}

}  // namespace larder
