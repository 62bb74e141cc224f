#include "docs.hpp"

#include <optional>
#include <utility>

#include "http/caching.hpp"
#include "http/etag.hpp"
#include "http/weight.hpp"

// From docs/assets.S: name_begin and name_end.
// NOLINTBEGIN(modernize-avoid-c-arrays)
extern "C" {
extern const char larder_docs_html_begin[], larder_docs_html_end[];
extern const char larder_docs_js_begin[], larder_docs_js_end[];
extern const char larder_docs_css_begin[], larder_docs_css_end[];
extern const char larder_redoc_html_begin[], larder_redoc_html_end[];
extern const char larder_redoc_js_begin[], larder_redoc_js_end[];
extern const char larder_swagger_ui_css_begin[], larder_swagger_ui_css_end[];
extern const char larder_swagger_ui_js_begin[], larder_swagger_ui_js_end[];
extern const char larder_redoc_standalone_js_begin[], larder_redoc_standalone_js_end[];
extern const char larder_swagger_ui_css_gz_begin[], larder_swagger_ui_css_gz_end[];
extern const char larder_swagger_ui_js_gz_begin[], larder_swagger_ui_js_gz_end[];
extern const char larder_redoc_standalone_js_gz_begin[], larder_redoc_standalone_js_gz_end[];
}
// NOLINTEND(modernize-avoid-c-arrays)

namespace larder {

namespace {

// Nothing from elsewhere and nothing inline.
std::string content_security_policy(std::string_view more_styles) {
    return "default-src 'none'; script-src 'self'; style-src 'self'" + std::string{more_styles} +
           "; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'";
}

// Redoc makes empty style elements, which it fills by script, and one with its scrollbar's style.
constexpr std::string_view styles_of_redoc =
    " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

// The bytes of a file, and their tag.
struct representation {
    explicit representation(std::string_view bytes) : content(bytes), etag(http::etag_of(bytes)) {}
    std::string_view content;
    http::entity_tag etag;
};

// Answers the same to everybody, but for the coding.
class file : public endpoint {
public:
    /// `gzipped` may be empty: then there is none.
    file(std::string_view content, std::string_view gzipped, std::string_view type,
         std::string policy)
        : plain_(content), type_(type), policy_(std::move(policy)) {
        if (!gzipped.empty()) gzipped_.emplace(gzipped);
    }

    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request& r) const override {
        const bool is_gzipped = gzipped_ && http::prefers_gzip(r.header("accept-encoding"));
        const auto& sent = is_gzipped ? *gzipped_ : plain_;
        auto answer = http::tagged_answer(r, std::string{sent.content}, sent.etag, "no-cache");
        if (answer.status == 412) co_return answer;
        answer.content_type = type_;
        answer.headers.emplace_back("x-content-type-options", "nosniff");
        if (gzipped_) answer.headers.emplace_back("vary", "accept-encoding");
        if (is_gzipped && answer.status != 304)
            answer.headers.emplace_back("content-encoding", "gzip");
        if (!policy_.empty()) answer.headers.emplace_back("content-security-policy", policy_);
        co_return answer;
    }

private:
    representation plain_;
    std::optional<representation> gzipped_;
    std::string_view type_;
    std::string policy_;
};

}  // namespace

std::vector<docs_page> docs_pages(std::string_view document) {
    std::vector<docs_page> pages;
    const auto add = [&](const char* path, std::string_view type, std::string_view content,
                         std::string policy = {}, std::string_view gzipped = {}) {
        pages.push_back({path, std::make_unique<file>(content, gzipped, type, std::move(policy))});
    };
    const auto html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
               style = "text/css; charset=utf-8";
    add("/openapi.json", "application/json", document);
    add("/docs", html, {larder_docs_html_begin, larder_docs_html_end}, content_security_policy(""));
    add("/docs/docs.js", script, {larder_docs_js_begin, larder_docs_js_end});
    add("/docs/docs.css", style, {larder_docs_css_begin, larder_docs_css_end});
    add("/docs/swagger-ui.css", style, {larder_swagger_ui_css_begin, larder_swagger_ui_css_end}, {},
        {larder_swagger_ui_css_gz_begin, larder_swagger_ui_css_gz_end});
    add("/docs/swagger-ui.js", script, {larder_swagger_ui_js_begin, larder_swagger_ui_js_end}, {},
        {larder_swagger_ui_js_gz_begin, larder_swagger_ui_js_gz_end});
    add("/redoc", html, {larder_redoc_html_begin, larder_redoc_html_end},
        content_security_policy(styles_of_redoc));
    add("/redoc/redoc.js", script, {larder_redoc_js_begin, larder_redoc_js_end});
    add("/redoc/redoc.standalone.js", script,
        {larder_redoc_standalone_js_begin, larder_redoc_standalone_js_end}, {},
        {larder_redoc_standalone_js_gz_begin, larder_redoc_standalone_js_gz_end});
    return pages;
}

}  // namespace larder
