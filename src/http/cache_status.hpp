// How the cache took part in an answer, in the words of RFC 9211. Private to http.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// Why the source was asked.
enum class forwarded {
    no,        ///< it was not: a hit
    uri_miss,  ///< no entry
    stale,     ///< an entry past its TTL
    request,   ///< a fresh entry that the request's directives did not allow
    method,    ///< the method does not read
    bypass     ///< the cache is out of use
};

struct cache_status {
    forwarded fwd = forwarded::no;
    bool stored = false;                           ///< the answer is an entry now
    bool collapsed = false;                        ///< it is of a flight that others took, too
    std::optional<std::chrono::seconds> ttl = {};  ///< what is left; negative: stale for so long
    std::string_view detail = {};
};

/// Appends the value of cache-status. `upstream` is what caches nearer to the source wrote there;
/// empty if there is none. What a request says there is none of it.
void append_cache_status(std::string& out, const cache_status& status,
                         std::string_view upstream = {});

}  // namespace LARDER_NAMESPACE::http
