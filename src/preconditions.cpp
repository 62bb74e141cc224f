// What a conditional write is checked on, and when it is checked once more.
#include "larder/preconditions.hpp"

#include "http/caching.hpp"
#include "larder/http/error.hpp"

namespace larder::detail {

bool has_preconditions(const http::request& r) {
    return r.headers && (r.headers->has("if-match") || r.headers->has("if-none-match"));
}

void expect_preconditions(const http::request& r, const std::optional<std::string>& now) {
    if (http::is_precondition_failed(r, now)) throw http::error(412, "Precondition Failed");
}

awaitable<void> check_alone(pg::pool& connections, const pg::session::write_guard& check) {
    auto alone = co_await connections.begin();
    std::exception_ptr refused;
    try {
        co_await check(alone);
    } catch (...) {
        refused = std::current_exception();
    }
    co_await alone.rollback();
    if (refused) std::rethrow_exception(refused);
}

bool is_serialization_failure(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const pg::error& e) {
        return e.sqlstate() == "40001";
    } catch (...) {
        return false;
    }
}

}  // namespace larder::detail
