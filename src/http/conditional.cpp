#include "conditional.hpp"

#include <algorithm>

namespace LARDER_NAMESPACE::http {

namespace {

enum class comparison { strong, weak };
enum class outcome { match, no_match, malformed };

void skip_space(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

bool is_etag_char(unsigned char c) { return c == 0x21 || (c >= 0x23 && c != 0x7F); }

// Takes `"..."` off the front; empty if there is none. A backslash escapes nothing (8.8.3).
std::string_view take_opaque_tag(std::string_view& text) {
    if (!text.starts_with('"')) return {};
    const auto end = std::find_if_not(text.begin() + 1, text.end(), is_etag_char);
    if (end == text.end() || *end != '"') return {};
    const auto tag = text.substr(0, static_cast<std::size_t>(end - text.begin()) + 1);
    text.remove_prefix(tag.size());
    return tag;
}

// A value that breaks the grammar at any place is malformed as a whole: what stands before and
// behind may be halves of something else.
outcome find(std::string_view list, std::string_view etag, comparison how) {
    if (list == "*") return etag.empty() ? outcome::no_match : outcome::match;
    bool found = false;
    while (true) {
        skip_space(list);
        if (!list.empty() && list.front() != ',') {
            const bool weak = list.starts_with("W/");
            if (weak) list.remove_prefix(2);
            const auto tag = take_opaque_tag(list);
            if (tag.empty()) return outcome::malformed;
            if (tag == etag && (how == comparison::weak || !weak)) found = true;
            skip_space(list);
        }
        if (list.empty()) return found ? outcome::match : outcome::no_match;
        if (list.front() != ',') return outcome::malformed;
        list.remove_prefix(1);
    }
}

}  // namespace

// In the order of 13.2.2. It leaves open what a malformed value means. The client asked for a
// guard that nobody can read, so nothing is changed; a read is answered in full, which is never
// wrong, unless If-Match demands a match.
verdict evaluate(method m, const preconditions& p, std::string_view etag) {
    if (m == method::options || m == method::other) return verdict::proceed;  // 13.2.1
    const bool reads = m == method::get || m == method::head;
    if (p.if_match && find(*p.if_match, etag, comparison::strong) != outcome::match)
        return verdict::precondition_failed;
    const auto found = find(p.if_none_match, etag, comparison::weak);
    if (reads) return found == outcome::match ? verdict::not_modified : verdict::proceed;
    return found == outcome::no_match ? verdict::proceed : verdict::precondition_failed;
}

}  // namespace LARDER_NAMESPACE::http
