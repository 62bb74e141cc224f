// Whose pages may read answers (the Fetch standard's CORS), and store something. Private to larder.
#pragma once

#include <string>
#include <vector>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// Adds to an answer what lets a page of one of these origins read it; `*` is any. The answer to a
/// preflight, an OPTIONS, is told which methods there are by its `allow`.
void allow_origins(const std::vector<std::string>& origins, const request& r, response& answer);

/// Whether a browser sent it for a page of another origin that is none of these, so that what it
/// asks to store may not be the person's wish. What is no browser says nothing of an origin.
///
/// Source   Fetch Metadata (sec-fetch-site); the origin is compared where there is none.
bool is_of_foreign_page(const std::vector<std::string>& origins, const request& r);

}  // namespace LARDER_NAMESPACE::http
