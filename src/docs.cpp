#include "docs.hpp"

#include <utility>

#include "http/file.hpp"

// From assets.S: name_begin and name_end.
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

namespace LARDER_NAMESPACE {

namespace {

// Redoc makes empty style elements, which it fills by script, and one with its scrollbar's style.
constexpr std::string_view styles_of_redoc =
    " 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    " 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

class page : public endpoint {
public:
    explicit page(http::file shown) : shown_(std::move(shown)) {}

    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request& r) const override {
        co_return shown_.answer(r);
    }

private:
    http::file shown_;
};

}  // namespace

std::vector<docs_page> docs_pages(std::string_view document) {
    std::vector<docs_page> pages;
    const auto add = [&](const char* path, std::string_view type, std::string_view content,
                         std::string policy = {}, std::string_view gzipped = {}) {
        http::file shown{content, type, std::move(policy), gzipped};
        pages.push_back({path, std::make_unique<page>(std::move(shown))});
    };
    const auto html = "text/html; charset=utf-8", script = "text/javascript; charset=utf-8",
               style = "text/css; charset=utf-8";
    add("/openapi.json", "application/json", document);
    add("/docs", html, {larder_docs_html_begin, larder_docs_html_end},
        http::content_security_policy());
    add("/docs/docs.js", script, {larder_docs_js_begin, larder_docs_js_end});
    add("/docs/docs.css", style, {larder_docs_css_begin, larder_docs_css_end});
    add("/docs/swagger-ui.css", style, {larder_swagger_ui_css_begin, larder_swagger_ui_css_end}, {},
        {larder_swagger_ui_css_gz_begin, larder_swagger_ui_css_gz_end});
    add("/docs/swagger-ui.js", script, {larder_swagger_ui_js_begin, larder_swagger_ui_js_end}, {},
        {larder_swagger_ui_js_gz_begin, larder_swagger_ui_js_gz_end});
    add("/redoc", html, {larder_redoc_html_begin, larder_redoc_html_end},
        http::content_security_policy(styles_of_redoc));
    add("/redoc/redoc.js", script, {larder_redoc_js_begin, larder_redoc_js_end});
    add("/redoc/redoc.standalone.js", script,
        {larder_redoc_standalone_js_begin, larder_redoc_standalone_js_end}, {},
        {larder_redoc_standalone_js_gz_begin, larder_redoc_standalone_js_gz_end});
    return pages;
}

}  // namespace LARDER_NAMESPACE
