#include "docs.hpp"

#include <utility>

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

// Nothing from elsewhere and nothing inline; the pages' icons are data.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Answers the same to everybody.
class file : public endpoint {
public:
    file(std::string_view content, std::string_view type) : content_(content), type_(type) {}

    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request&) const override {
        http::response r{.body = std::string{content_}, .content_type = type_};
        r.headers.emplace_back("x-content-type-options", "nosniff");
        if (type_.starts_with("text/html"))
            r.headers.emplace_back("content-security-policy", content_security_policy);
        co_return r;
    }

private:
    std::string_view content_;
    std::string_view type_;
};

}  // namespace

std::vector<docs_page> docs_pages(std::string_view document) {
    std::vector<docs_page> pages;
    const auto add = [&](const char* path, std::string_view type, std::string_view content) {
        pages.push_back({path, std::make_unique<file>(content, type)});
    };
    const auto html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
               style = "text/css; charset=utf-8";
    add("/openapi.json", "application/json", document);
    add("/docs", html, {larder_docs_html_begin, larder_docs_html_end});
    add("/docs/docs.js", script, {larder_docs_js_begin, larder_docs_js_end});
    add("/docs/swagger-ui.css", style, {larder_swagger_ui_css_begin, larder_swagger_ui_css_end});
    add("/docs/swagger-ui.js", script, {larder_swagger_ui_js_begin, larder_swagger_ui_js_end});
    add("/redoc", html, {larder_redoc_html_begin, larder_redoc_html_end});
    add("/redoc/redoc.js", script, {larder_redoc_js_begin, larder_redoc_js_end});
    add("/redoc/redoc.standalone.js", script,
        {larder_redoc_standalone_js_begin, larder_redoc_standalone_js_end});
    return pages;
}

}  // namespace larder
