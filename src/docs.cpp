#include "docs.hpp"

#include <utility>

#include "http/caching.hpp"
#include "http/etag.hpp"

// From docs/assets.S: name_begin and name_end.
// NOLINTBEGIN(modernize-avoid-c-arrays)
extern "C" {
extern const char larder_docs_html_begin[], larder_docs_html_end[];
extern const char larder_docs_js_begin[], larder_docs_js_end[];
extern const char larder_redoc_html_begin[], larder_redoc_html_end[];
extern const char larder_redoc_js_begin[], larder_redoc_js_end[];
extern const char larder_swagger_ui_css_begin[], larder_swagger_ui_css_end[];
extern const char larder_swagger_ui_js_begin[], larder_swagger_ui_js_end[];
extern const char larder_redoc_standalone_js_begin[], larder_redoc_standalone_js_end[];
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

// Answers the same to everybody.
class file : public endpoint {
public:
    file(std::string_view content, std::string_view type, std::string policy)
        : content_(content),
          type_(type),
          policy_(std::move(policy)),
          etag_(http::etag_of(content)) {}

    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request& r) const override {
        auto answer = http::tagged_answer(r, std::string{content_}, etag_, "no-cache");
        if (answer.status == 412) co_return answer;
        answer.content_type = type_;
        answer.headers.emplace_back("x-content-type-options", "nosniff");
        if (!policy_.empty()) answer.headers.emplace_back("content-security-policy", policy_);
        co_return answer;
    }

private:
    std::string_view content_;
    std::string_view type_;
    std::string policy_;
    http::entity_tag etag_;
};

}  // namespace

std::vector<docs_page> docs_pages(std::string_view document) {
    std::vector<docs_page> pages;
    const auto add = [&](const char* path, std::string_view type, std::string_view content,
                         std::string policy = {}) {
        pages.push_back({path, std::make_unique<file>(content, type, std::move(policy))});
    };
    const auto html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
               style = "text/css; charset=utf-8";
    add("/openapi.json", "application/json", document);
    add("/docs", html, {larder_docs_html_begin, larder_docs_html_end}, content_security_policy(""));
    add("/docs/docs.js", script, {larder_docs_js_begin, larder_docs_js_end});
    add("/docs/swagger-ui.css", style, {larder_swagger_ui_css_begin, larder_swagger_ui_css_end});
    add("/docs/swagger-ui.js", script, {larder_swagger_ui_js_begin, larder_swagger_ui_js_end});
    add("/redoc", html, {larder_redoc_html_begin, larder_redoc_html_end},
        content_security_policy(styles_of_redoc));
    add("/redoc/redoc.js", script, {larder_redoc_js_begin, larder_redoc_js_end});
    add("/redoc/redoc.standalone.js", script,
        {larder_redoc_standalone_js_begin, larder_redoc_standalone_js_end});
    return pages;
}

}  // namespace larder
