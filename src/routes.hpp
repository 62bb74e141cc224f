// A service's paths, and the answers that need no handler. Private to larder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/app.hpp"

namespace larder {

/// The methods of one path. There are few, so a list serves.
struct route {
    std::vector<std::pair<http::method, std::unique_ptr<endpoint>>> endpoints;

    /// Null if there is none. HEAD is GET's.
    const endpoint* find(http::method m) const;
    /// `GET, HEAD, OPTIONS`
    std::string allow() const;
};

using routes = std::map<std::string, route, std::less<>>;

/// To what no endpoint answers: OPTIONS, another method (405), the path with a slash too many or
/// too few (307), another path (404). A redirect names the Host that was asked if that may be one.
http::response answer_without_endpoint(const routes& all, const http::request& r,
                                       const std::string& root_path);

/// A 403 for a body without a content type that a page of another origin sends; `origins` are those
/// that may.
std::optional<http::response> refuse_foreign_page(const std::vector<std::string>& origins,
                                                  const http::request& r);

}  // namespace larder
