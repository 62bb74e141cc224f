#include "caching.hpp"

#include <chrono>
#include <utility>

#include "cache_status.hpp"
#include "conditional.hpp"
#include "etag.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

using std::chrono::floor;
using std::chrono::seconds;

cache_status status_of(const exchange& how) {
    const auto& answer = *how.answer;
    const bool waited = answer.from == cache::origin::shared && answer.collapsed;
    cache_status status{
        .stored = answer.stored, .collapsed = answer.collapsed, .detail = answer.bypassed};
    if (answer.unfollowed && answer.stored) status.detail = "unfollowed";
    if (answer.instead_of) {
        status.fwd = forwarded::stale;
        status.collapsed = false;
        status.ttl = floor<seconds>(answer.left);
        status.detail = "stale-if-error";
        return status;
    }
    if (answer.from == cache::origin::source || waited) {
        status.fwd = how.was_kept              ? forwarded::request
                     : answer.was_stale        ? forwarded::stale
                     : answer.bypassed.empty() ? forwarded::uri_miss
                                               : forwarded::bypass;
        return status;
    }
    status.collapsed = false;
    status.ttl = floor<seconds>(answer.left);
    status.detail = answer.is_stale()                     ? "stale-while-revalidate"
                    : answer.from == cache::origin::local ? "local"
                                                          : "shared";
    return status;
}

std::string_view tier_of(cache::origin from) {
    if (from == cache::origin::source) return "source";
    return from == cache::origin::local ? "local" : "shared";
}

verdict verdict_on(const request& r, std::string_view etag) {
    const auto if_match = r.header("if-match"), if_none_match = r.header("if-none-match");
    preconditions all{.if_none_match = if_none_match};
    if (r.headers && r.headers->has("if-match")) all.if_match = if_match;
    return evaluate(r.method, all, etag);
}

}  // namespace

cache_directives directives_of(const request& r) {
    return parse_cache_directives(r.header("cache-control"), r.header("pragma"));
}

bool is_precondition_failed(const request& r, const std::optional<std::string>& now) {
    if (!now) return verdict_on(r, {}) == verdict::precondition_failed;
    return verdict_on(r, etag_of(*now)) == verdict::precondition_failed;
}

response tagged_answer(const request& r, std::string body, std::string_view etag,
                       std::string_view cache_control) {
    const auto verdict = verdict_on(r, etag);
    if (verdict == verdict::precondition_failed) return error_response(412, "Precondition Failed");
    response answer{.body = std::move(body)};
    if (verdict == verdict::not_modified) answer = {.status = 304};
    answer.headers.reserve(4);
    answer.headers.emplace_back("etag", etag);
    answer.headers.emplace_back("cache-control", cache_control);
    return answer;
}

namespace {

void say_where_it_is_from(const exchange& how, response& answer) {
    if (!how.answer) return;
    answer.headers.emplace_back("age", std::to_string(floor<seconds>(how.answer->age).count()));
    auto& status = answer.headers.emplace_back("cache-status", "").second;
    append_cache_status(status, status_of(how));
    answer.cache_key = how.key;
    answer.cache_tier = tier_of(how.answer->from);
    answer.entry_version = how.version;
}

}  // namespace

response cached_answer(const request& r, std::string body, const exchange& how,
                       std::string_view cache_control) {
    const auto etag = etag_of(body);
    auto answer = tagged_answer(r, std::move(body), etag, cache_control);
    if (answer.status != 412) say_where_it_is_from(how, answer);
    return answer;
}

response missing_answer(const exchange& how) {
    auto answer = error_response(404, "Not Found");
    // A cache may keep a 404 for as long as it likes (RFC 9110, section 15.1).
    answer.headers.emplace_back("cache-control", "no-cache");
    say_where_it_is_from(how, answer);
    return answer;
}

}  // namespace LARDER_NAMESPACE::http
