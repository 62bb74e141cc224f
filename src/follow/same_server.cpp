#include "same_server.hpp"

#include <string>

#include "follow/following.hpp"

namespace LARDER_NAMESPACE::follow {

namespace asio = boost::asio;

namespace {

// Everybody may ask this. No two servers have begun in the same microsecond.
asio::awaitable<std::string> where_it_leads(pg::connection& one) {
    static constexpr pg::statement ask{
        "SELECT extract(epoch FROM pg_postmaster_start_time()) || ' ' || oid"
        " FROM pg_database WHERE datname = current_database()",
        true};
    const pg::parameters none;
    const auto said = co_await one.execute(ask, none);
    co_return std::string{said.text(0, 0).value_or("")};
}

}  // namespace

asio::awaitable<void> same_server::connect() {
    if (served_) co_await served_->connect();
}

asio::awaitable<void> same_server::expect(pg::connection& reader) {
    if (!served_) co_return;
    const auto served = co_await where_it_leads(*served_);
    const auto followed = co_await where_it_leads(reader);
    if (served != followed)
        throw cannot_follow{"PG_FOLLOW_URI leads to another server or database than PG_SERVICE_URI",
                            false};
}

}  // namespace LARDER_NAMESPACE::follow
