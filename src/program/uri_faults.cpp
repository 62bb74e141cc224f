#include "program/uri_faults.hpp"

#include <algorithm>
#include <cctype>

#include "larder/pg/conninfo.hpp"
#include "larder/valkey/uri.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

// A URI by its marks, whatever is in between.
struct parts {
    explicit parts(std::string_view uri) {
        const auto scheme_end = uri.find("://");
        if (scheme_end == std::string_view::npos) return;
        scheme = uri.substr(0, scheme_end);
        auto rest = uri.substr(scheme_end + 3);
        const auto question = std::min(rest.find('?'), rest.size());
        has_query = question < rest.size();
        query = rest.substr(std::min(question + 1, rest.size()));
        rest = rest.substr(0, question);
        // Of a password with a slash in it the last `@` is behind that.
        const auto at = rest.rfind('@');
        if (at != std::string_view::npos) login = rest.substr(0, at + 1);
        rest.remove_prefix(login.size());
        const auto slash = std::min(rest.find('/'), rest.size());
        place = rest.substr(0, slash);
        path = rest.substr(slash);
        const auto bracket = place.rfind(']');
        const auto colon = place.rfind(':');
        const bool has_port = colon != std::string_view::npos &&
                              (bracket == std::string_view::npos || bracket < colon);
        if (has_port) port = place.substr(colon);
        host = place.substr(0, place.size() - port.size());
    }
    // A password that is not percent-encoded may be in what seems to be a query.
    bool has_safe_query() const { return query.find('@') == std::string_view::npos; }

    std::string_view scheme, login, place, host, port, path, query;
    bool has_query = false;
};

std::string joined(std::string_view a, std::string_view b, std::string_view c = {}) {
    return std::string{a}.append(b).append(c);
}

bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_';
    });
}

// The first parameter with which `takes` does not take a URI, by its name.
template <class Takes>
std::string fault_of_query(const parts& all, std::string_view rest_of_uri, const Takes& takes) {
    if (!all.has_safe_query())
        return "there is an '@' behind a '?': in a password it is written as %40, and '?' as %3F";
    auto query = all.query;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const auto one = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto name = one.substr(0, one.find('='));
        if (name == "ssl_keyfile") continue;  // which needs another one beside it
        if (!takes(joined(rest_of_uri, "?", one)))
            return is_word(name)
                       ? "its parameter " + std::string{name} +
                             " is not known, cannot have that value, or needs another scheme"
                       : "one of its parameters has no name";
    }
    return "its parameters do not fit each other, as a key without its certificate";
}

// `takes` is the reader itself, asked about one part after the other, beside parts that are right.
template <class Takes>
std::string fault_of(const parts& all, const Takes& takes) {
    const auto begin = joined(all.scheme, "://");
    if (!takes(joined(begin, all.login, "localhost")))
        return std::ranges::count(all.login, '@') > 1
                   ? "there is more than one '@' before the host: in a password it is written as "
                     "%40"
                   : "its user or password is not percent-encoded";
    if (!takes(joined(begin, "localhost", all.port)))
        return "its port is no number from 1 to 65535";
    if (!takes(joined(begin, all.place))) return "its host is none";
    if (!takes(joined(begin, "localhost", all.path)))
        return "its path, the database, cannot be read";
    if (all.has_query) return fault_of_query(all, begin + "localhost", takes);
    return "its parts do not fit each other";
}

constexpr const char* no_scheme = "there is no '://' behind its scheme";

}  // namespace

std::string fault_of_source_uri(std::string_view uri) {
    const auto takes = [](const std::string& text) {
        return pg::conninfo::parse(text).has_value();
    };
    const parts all{uri};
    if (all.scheme.empty())
        return uri.find('=') == std::string_view::npos
                   ? no_scheme
                   : "it is neither a URI nor a list of keyword=value that libpq knows";
    if (all.scheme != "postgres" && all.scheme != "postgresql")
        return "its scheme is neither postgres nor postgresql";
    return fault_of(all, takes);
}

std::string fault_of_cache_uri(std::string_view uri) {
    const auto takes = [](const std::string& text) { return valkey::parse_uri(text).has_value(); };
    const parts all{uri};
    if (all.scheme.empty()) return no_scheme;
    const auto socket = joined(all.scheme, ":///socket");
    if (takes(socket)) {
        if (!all.place.empty()) return "there is something before its path";
        if (all.path.size() < 2) return "it has no path of a socket";
        return all.has_query ? fault_of_query(all, socket, takes)
                             : "its path, user or password is not percent-encoded";
    }
    if (takes(joined(all.scheme, "://localhost"))) return fault_of(all, takes);
    return "its scheme is none of valkey, valkeys, redis, rediss and unix";
}

}  // namespace LARDER_NAMESPACE::program
