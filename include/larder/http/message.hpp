// An HTTP request as a handler sees it, and its answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/trace.hpp"

namespace larder::http {

enum class method { get, head, post, put, patch, del, options, other };

/// A request's header lines.
class header_fields {
public:
    virtual ~header_fields() = default;
    /// The values of all lines of that name, joined by ", "; empty if there is none.
    virtual std::string all(std::string_view name) const = 0;
    virtual bool has(std::string_view name) const = 0;
};

/// What stands in a path where its route has parameters, decoded: {{"basketid", "7"}}.
using path_members = std::vector<std::pair<std::string, std::string>>;

/// Views into the connection's buffers: good while the handler runs.
struct request {
    http::method method = http::method::other;
    std::string_view path;                  ///< before the question mark, percent-decoded
    std::string_view raw_path;              ///< as it was sent
    const path_members* members = nullptr;  ///< null: the route has none
    std::string_view query;                 ///< behind it, without it
    std::string_view body;
    std::string_view host;             ///< the Host header; the local address if there is none
    std::string_view scheme = "http";  ///< of the client's, also if a proxy ends its TLS
    std::string_view content_type;     ///< empty if there is none
    const header_fields* headers = nullptr;  ///< all of them; null: none
    trace::context trace = {};               ///< the request's span, if it is recorded

    /// See header_fields::all().
    std::string header(std::string_view name) const { return headers ? headers->all(name) : ""; }
};

/// An answer before it is sent.
struct response {
    unsigned status = 200;
    std::string body = {};
    std::string_view content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< more of them
    std::string cache_key = {};        ///< for the log: the entry that was asked for, if any
    std::string_view cache_tier = {};  ///< and where it was: `local`, `shared` or `source`
    /// Not 0: while the local tier has this version of that entry, the same request has this answer
    /// again, but for what tells its age.
    std::uint64_t entry_version = 0;
    unsigned route = 0;  ///< for the metrics: which path was asked; 0: none
};

/// `{"detail":"..."}` in FastAPI's shape.
response error_response(unsigned status, std::string_view sentence);

/// The words behind the status: "Not Found".
std::string_view reason(unsigned status);

}  // namespace larder::http
