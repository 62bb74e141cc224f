#include "cors.hpp"

#include <algorithm>

#include "text.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

bool is_listed(const std::vector<std::string>& origins, std::string_view origin) {
    return std::ranges::any_of(origins,
                               [&](const std::string& one) { return one == "*" || one == origin; });
}

// Whether the page is this service's own. A proxy may have ended the TLS and not said so, so the
// scheme is not compared; a port that is the scheme's own may be left out.
bool is_own(std::string_view origin, std::string_view host) {
    const auto mark = origin.find("://");
    if (mark == std::string_view::npos) return false;  // "null", too
    const auto scheme = origin.substr(0, mark), authority = origin.substr(mark + 3);
    std::string_view port;
    if (same(scheme, "http")) port = ":80";
    if (same(scheme, "https")) port = ":443";
    if (!port.empty() && host.ends_with(port)) host.remove_suffix(port.size());
    return !authority.empty() && same(authority, host);
}

}  // namespace

void allow_origins(const std::vector<std::string>& origins, const request& r, response& answer) {
    if (origins.empty()) return;
    const auto says = [&](const char* name, std::string value) {
        answer.headers.emplace_back(name, std::move(value));
    };
    const auto origin = r.header("origin");
    const bool any = std::ranges::find(origins, "*") != origins.end();
    // Any origin's answer is everybody's, also one that a cache got without an origin.
    if (!any) says("vary", "origin");
    if (!any && std::ranges::find(origins, origin) == origins.end()) return;
    says("access-control-allow-origin", any ? "*" : origin);
    const bool asks_before =
        r.method == method::options && !r.header("access-control-request-method").empty();
    if (!asks_before) {
        says("access-control-expose-headers", "etag, age, cache-status, retry-after, x-request-id");
        return;
    }
    const auto allow =
        std::ranges::find(answer.headers, "allow", &std::pair<std::string, std::string>::first);
    if (allow != answer.headers.end()) says("access-control-allow-methods", allow->second);
    if (auto wanted = r.header("access-control-request-headers"); !wanted.empty())
        says("access-control-allow-headers", std::move(wanted));
    says("access-control-max-age", "600");
}

// A browser says what a page is to the service by sec-fetch-site where it can: over TLS and on the
// loopback. That also holds behind a proxy which names another Host. Elsewhere it says the origin.
bool is_of_foreign_page(const std::vector<std::string>& origins, const request& r) {
    const auto origin = r.header("origin");
    if (!origin.empty() && is_listed(origins, origin)) return false;
    const auto site = r.header("sec-fetch-site");
    if (!site.empty()) return !same(site, "same-origin") && !same(site, "none");
    return !origin.empty() && !is_own(origin, r.host);
}

}  // namespace LARDER_NAMESPACE::http
