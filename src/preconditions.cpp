// What a conditional write is checked on, and when it is checked once more.
#include "larder/preconditions.hpp"

#include <algorithm>

#include "http/caching.hpp"
#include "http/etag.hpp"
#include "http/text.hpp"
#include "larder/http/error.hpp"

namespace LARDER_NAMESPACE::detail {

bool has_preconditions(const http::request& r) {
    return r.headers && (r.headers->has("if-match") || r.headers->has("if-none-match"));
}

void expect_preconditions(const http::request& r, const std::optional<std::string>& now) {
    if (http::is_precondition_failed(r, now)) throw http::error(412, "Precondition Failed");
}

// By the tag of a PUT's answer a client knows that what it has sent is stored as it is; so the tag
// of what was stored in another way is not told (RFC 9110, section 9.3.4).
void add_entity_tag(const http::request& r, http::response& answered) {
    const bool has_one = answered.status == 200 || answered.status == 201;
    const bool is_told = std::ranges::any_of(
        answered.headers, [](const auto& one) { return http::same(one.first, "etag"); });
    if (!has_one || is_told || (r.method == http::method::put && r.body != answered.body)) return;
    answered.headers.emplace_back("etag", std::string_view{http::etag_of(answered.body)});
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

}  // namespace LARDER_NAMESPACE::detail
