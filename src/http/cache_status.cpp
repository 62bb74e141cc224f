#include "cache_status.hpp"

#include <algorithm>

namespace LARDER_NAMESPACE::http {

namespace {

std::string_view parameter(forwarded fwd) {
    switch (fwd) {
        case forwarded::no: return "; hit";
        case forwarded::uri_miss: return "; fwd=uri-miss";
        case forwarded::stale: return "; fwd=stale";
        case forwarded::request: return "; fwd=request";
        case forwarded::method: return "; fwd=method";
        case forwarded::bypass: return "; fwd=bypass";
    }
    return {};
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// RFC 8941, section 3.3.4.
bool is_structured_token(std::string_view text) {
    const auto fits = [](char c) {
        constexpr std::string_view others = "0123456789!#$%&'*+-.^_`|~:/";
        return is_letter(c) || others.find(c) != std::string_view::npos;
    };
    return !text.empty() && (is_letter(text.front()) || text.front() == '*') &&
           std::all_of(text.begin(), text.end(), fits);
}

// RFC 8941, section 3.3.3: printable ASCII, and nothing else can be written.
void append_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c >= 0x20 && c <= 0x7E ? c : '?';
    }
    out += '"';
}

}  // namespace

void append_cache_status(std::string& out, const cache_status& status, std::string_view upstream) {
    if (!upstream.empty()) out.append(upstream) += ", ";
    out.append("larder").append(parameter(status.fwd));
    if (status.stored) out += "; stored";
    if (status.collapsed) out += "; collapsed";
    if (status.ttl) out.append("; ttl=") += std::to_string(status.ttl->count());
    if (status.detail.empty()) return;
    out += "; detail=";
    if (is_structured_token(status.detail)) out += status.detail;
    else append_string(out, status.detail);
}

}  // namespace LARDER_NAMESPACE::http
