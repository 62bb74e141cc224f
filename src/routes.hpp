// A service's paths, and the answers that need no handler. Private to larder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/app.hpp"

namespace LARDER_NAMESPACE {

/// The methods of one path. There are few, so a list serves.
struct route {
    std::vector<std::pair<http::method, std::unique_ptr<endpoint>>> endpoints;
    unsigned number = 0;  ///< its place among routes::names()

    /// Null if there is none. HEAD is GET's.
    const endpoint* find(http::method m) const;
    /// `GET, HEAD, OPTIONS`
    std::string allow() const;
};

/// All paths. One without parameters comes before those that have some, and these come in the order
/// in which they were added.
class routes {
public:
    /// A path that was asked for: whose it is, and what stands where it has parameters.
    struct match {
        const route* to = nullptr;  ///< null: nobody's
        http::path_members members = {};
        std::string_view path = {};  ///< as it was added, if it has no parameters
    };

    /// The path, made if it is not there: `/baskets/{basketid}`.
    route& at(std::string_view path);
    match find(std::string_view path, std::string_view raw_path) const;
    /// Of all paths.
    std::string allow() const;
    /// The paths as they were added; the first is `none`, for what is nobody's.
    const std::vector<std::string>& names() const { return names_; }

private:
    struct pattern {
        std::string path;
        std::vector<std::string> segments;  // `{basketid}` is a parameter
        route to;
    };
    route& numbered(route& one, std::string_view path);

    std::map<std::string, route, std::less<>> plain_;
    std::vector<std::unique_ptr<pattern>> patterns_;
    std::vector<std::string> names_{"none"};
};

/// To what no endpoint answers: OPTIONS, another method (405), the path with a slash too many or
/// too few (307), another path (404). A redirect names the Host that was asked if that may be one.
http::response answer_without_endpoint(const routes& all, const http::request& r,
                                       const std::string& root_path);

/// A 403 for a body without a content type that a page of another origin sends; `origins` are those
/// that may.
std::optional<http::response> refuse_foreign_page(const std::vector<std::string>& origins,
                                                  const http::request& r);

}  // namespace LARDER_NAMESPACE
