#include "cors.hpp"

#include <algorithm>

namespace larder::http {

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

}  // namespace larder::http
