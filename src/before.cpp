// How a request says who asks, and what is answered if it does not.
#include "larder/before.hpp"

#include <algorithm>

#include "http/text.hpp"
#include "larder/json.hpp"

namespace LARDER_NAMESPACE::detail {

namespace {

// RFC 6750, section 2.1: b64token.
bool is_token(std::string_view text) {
    const auto end = std::min(text.find('='), text.size());
    const auto may_be_in = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"-._~+/"}.find(c) != std::string_view::npos;
    };
    return end > 0 && std::ranges::all_of(text.substr(0, end), may_be_in) &&
           text.find_first_not_of('=', end) == std::string_view::npos;
}

}  // namespace

// Two lines of the header are joined by a comma, which no token has.
std::string credential::read(const http::request& r) const {
    auto value = r.header(header);
    if (!is_token()) return value;
    constexpr std::string_view scheme = "bearer ";
    const std::string_view all = value;
    if (!http::same(all.substr(0, scheme.size()), scheme)) return {};
    const auto token = http::trim(all.substr(scheme.size()));
    return detail::is_token(token) ? std::string{token} : "";
}

// RFC 9110, section 15.5.2, wants the header of every 401; section 3 of RFC 6750 wants no reason
// in it for who has not tried.
http::response credential::refuse(bool was_read) const {
    auto refused = http::error_response(
        401, was_read ? "The credentials are not valid" : "Credentials are required");
    std::string challenge = is_token() ? "Bearer" : "ApiKey header=\"" + std::string{header} + '"';
    if (was_read && is_token()) challenge += " error=\"invalid_token\"";
    refused.headers.emplace_back("www-authenticate", std::move(challenge));
    return refused;
}

security_scheme credential::scheme() const {
    std::string object = is_token() ? R"({"type":"http","scheme":"bearer")"
                                    : R"({"type":"apiKey","in":"header","name":)";
    if (!is_token()) json::append_string(object, header);
    if (!text.empty()) {
        object += R"(,"description":)";
        json::append_string(object, text);
    }
    return {std::string{name}, object + '}'};
}

}  // namespace LARDER_NAMESPACE::detail
