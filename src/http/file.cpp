#include "file.hpp"

#include <utility>

#include "caching.hpp"
#include "weight.hpp"

namespace LARDER_NAMESPACE::http {

file::file(std::string_view content, std::string_view type, std::string policy,
           std::string_view gzipped)
    : plain_(content), type_(type), policy_(std::move(policy)) {
    if (!gzipped.empty()) gzipped_.emplace(gzipped);
}

response file::answer(const request& r) const {
    const bool is_gzipped = gzipped_ && prefers_gzip(r.header("accept-encoding"));
    const auto& sent = is_gzipped ? *gzipped_ : plain_;
    auto answer = tagged_answer(r, std::string{sent.content}, sent.etag, "no-cache");
    if (answer.status == 412) return answer;
    answer.content_type = type_;
    answer.headers.emplace_back("x-content-type-options", "nosniff");
    if (gzipped_) answer.headers.emplace_back("vary", "accept-encoding");
    if (is_gzipped && answer.status != 304) answer.headers.emplace_back("content-encoding", "gzip");
    if (!policy_.empty()) answer.headers.emplace_back("content-security-policy", policy_);
    return answer;
}

std::string content_security_policy(std::string_view more_styles) {
    return "default-src 'none'; script-src 'self'; style-src 'self'" + std::string{more_styles} +
           "; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'";
}

}  // namespace LARDER_NAMESPACE::http
