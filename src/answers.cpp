// What is answered when a handler throws, or is not to be called.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <stdexcept>

#include "http/caching.hpp"
#include "http/conditional.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"
#include "larder/cache/load_error.hpp"
#include "larder/endpoint.hpp"
#include "larder/percent.hpp"
#include "larder/preconditions.hpp"

namespace LARDER_NAMESPACE {

namespace detail {

namespace {

// A NUL in JSON, which PostgreSQL has no text for.
bool is_of_a_text(const pg::error& e) { return e.sqlstate() == "22021" || e.sqlstate() == "22P05"; }

http::response answer_for(const pg::error& e, bool is_write, const pg::pool& connections) {
    if (is_write && is_of_a_text(e)) {
        auto wrong = http::detail::no_text();
        wrong.loc = {"body"};
        return {.status = 422, .body = http::faults_json({std::move(wrong)})};
    }
    const std::string sentence = e.what();
    const auto state = e.sqlstate().empty() ? "" : " (SQLSTATE " + e.sqlstate() + ")";
    const auto verb = is_write ? "updating" : "querying";
    if (e.kind() == pg::failure::unavailable || e.kind() == pg::failure::interrupted) {
        connections.tell(e);
        const bool is_unknown = is_write && e.kind() == pg::failure::interrupted;
        auto r = http::error_response(
            503, "Error connecting to database: " + sentence + state +
                     (is_unknown ? "; it is not known whether the change was stored" : ""));
        r.headers.emplace_back("retry-after", "1");
        return r;
    }
    spdlog::error("Error {} database: {}{}", verb, sentence, state);
    return http::error_response(500,
                                std::string{"Error "} + verb + " database: " + sentence + state);
}

// "application/json; charset=utf-8" and the like: what stands before the parameters.
bool is_json_type(std::string_view type) {
    type = http::trim(type.substr(0, type.find(';')));
    const auto end = type.substr(type.size() - std::min<std::size_t>(type.size(), 5));
    return http::same(end, "/json") || http::same(end, "+json");
}

// A list of content codings that change nothing.
bool is_identity(std::string_view codings) {
    while (!codings.empty()) {
        const auto one = http::take_until(codings, ',');
        if (!one.empty() && !http::same(one, "identity")) return false;
    }
    return true;
}

}  // namespace

http::fault fault_of_violation(const pg::error& e, std::string_view member,
                               std::string_view sentence) {
    const auto& state = e.sqlstate();  // PostgreSQL, appendix A, class 23
    const auto* const type = state == "23505"   ? "unique"
                             : state == "23503" ? "foreign_key"
                             : state == "23514" ? "check"
                             : state == "23P01" ? "exclusion"
                                                : "constraint";
    return {type, {"", std::string{member}}, std::string{sentence}};
}

http::response answer_for_exception(bool is_write, const pg::pool& connections) {
    try {
        throw;
    } catch (const pg::error& e) {
        return answer_for(e, is_write, connections);
    } catch (const cache::load_error& e) {
        auto r =
            http::error_response(503, std::string{"The answer could not be loaded: "} + e.what());
        r.headers.emplace_back("retry-after", "1");
        return r;
    } catch (const http::invalid_input& e) {
        return {.status = 422, .body = http::faults_json(e.faults())};
    } catch (const http::error& e) {
        return http::error_response(e.status(), e.what());
    } catch (const std::exception& e) {
        spdlog::error("A handler failed: {}", e.what());
        return http::error_response(500, "Internal Server Error");
    } catch (...) {
        spdlog::error("A handler failed with something that is no std::exception");
        return http::error_response(500, "Internal Server Error");
    }
}

http::response answer_to_get(const http::request& r, std::string body, const exchange* how,
                             std::string_view cache_control) {
    static const exchange nothing;
    return http::cached_answer(r, std::move(body), how ? *how : nothing, cache_control);
}

std::string safe_location(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c > ' ' && c < '\x7F') out += c;
        else out += percent_encode({&c, 1});
    }
    return out;
}

http::response answer_without_one(const exchange* how) {
    static const exchange nothing;
    return http::missing_answer(how ? *how : nothing);
}

namespace {

// What larder says of the connection and of the body's length.
bool is_of_connection(std::string_view name) {
    return std::ranges::any_of(
        std::array<std::string_view, 6>{"connection", "content-length", "content-type",
                                        "keep-alive", "transfer-encoding", "upgrade"},
        [&](auto one) { return http::same(one, name); });
}

bool is_field_name(std::string_view name) {
    const auto may_be_in = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    };
    return !name.empty() && std::ranges::all_of(name, may_be_in);
}

bool is_field_value(std::string_view value) {
    return http::trim(value) == value && std::ranges::all_of(value, [](char c) {
               return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7F');
           });
}

}  // namespace

void add_headers(http::response& answered,
                 const std::vector<std::pair<std::string, std::string>>& headers) {
    for (const auto& [name, value] : headers) {
        if (!is_field_name(name) || is_of_connection(name) || !is_field_value(value))
            throw std::invalid_argument("a reply has a header that cannot be sent: " +
                                        json::text(name));
        if (!http::same(name, "set-cookie"))
            std::erase_if(answered.headers,
                          [&](const auto& one) { return http::same(one.first, name); });
    }
    answered.headers.insert(answered.headers.end(), headers.begin(), headers.end());
}

void label(http::response& answered, const std::string& vary, bool is_private) {
    if (!vary.empty()) answered.headers.emplace_back("vary", vary);
    if (!is_private) return;
    const auto said = std::ranges::find(answered.headers, "cache-control",
                                        &std::pair<std::string, std::string>::first);
    if (said == answered.headers.end()) answered.headers.emplace_back("cache-control", "private");
    else said->second.insert(0, "private, ");
}

std::optional<http::response> refuse_precondition(const http::request& r) {
    const bool is_of_resource = r.method != http::method::post && has_preconditions(r);
    if (!is_of_resource && !http::is_precondition_failed(r)) return std::nullopt;
    return http::error_response(412, "Precondition Failed");
}

std::optional<http::response> refuse_media_type(const http::request& r) {
    if (r.body.empty()) return std::nullopt;
    if (!r.content_type.empty() && !is_json_type(r.content_type))
        return http::error_response(415, "Unsupported Media Type: send application/json");
    if (is_identity(r.header("content-encoding"))) return std::nullopt;
    auto refused =
        http::error_response(415, "Unsupported Media Type: send it without a content-encoding");
    refused.headers.emplace_back("accept-encoding", "identity");  // RFC 9110, section 12.5.3
    return refused;
}

}  // namespace detail

}  // namespace LARDER_NAMESPACE
