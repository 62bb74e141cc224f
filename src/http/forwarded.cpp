#include "forwarded.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text.hpp"

namespace LARDER_NAMESPACE::http {

namespace ip = boost::asio::ip;

namespace {

// What one proxy says: who asked it, and how.
struct hop {
    std::string node, scheme;
};

std::string_view scheme_of(std::string_view text) {
    if (same(text, "https")) return "https";
    return same(text, "http") ? "http" : "";
}

// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`. A port
// that is none, as RFC 7239's `:_hidden`, is as none at all.
std::optional<ip::tcp::endpoint> endpoint_of(std::string_view node) {
    const bool is_bracketed = node.starts_with('[');
    auto address = node;
    std::string_view port;
    if (is_bracketed) {
        const auto end = node.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        address = node.substr(1, end - 1);
        port = node.substr(end + 1);
    } else if (const auto colon = node.find(':'); colon == node.rfind(':')) {  // or there is none
        address = node.substr(0, colon);
        port = node.substr(std::min(colon, node.size()));
    }
    if (!port.empty() && port.front() != ':') return std::nullopt;
    boost::system::error_code ec;
    const auto known = ip::make_address(address, ec);
    if (ec || (is_bracketed && !known.is_v6())) return std::nullopt;
    std::uint16_t number = 0;
    if (!port.empty()) {
        const auto* last = port.data() + port.size();
        const auto [stop, wrong] = std::from_chars(port.data() + 1, last, number);
        if (wrong != std::errc{} || stop != last) number = 0;
    }
    return ip::tcp::endpoint{known, number};
}

// The hops of x-forwarded-*, the nearest proxy's last. One scheme alone is of the client's request;
// as many as there are addresses are of one hop each.
std::vector<hop> hops_of(std::string_view addresses, std::string_view schemes) {
    std::vector<hop> hops;
    while (!addresses.empty()) hops.push_back({std::string{take_until(addresses, ',')}, ""});
    std::vector<std::string_view> each;
    while (!schemes.empty()) each.push_back(take_until(schemes, ','));
    if (hops.empty()) hops.emplace_back();
    for (std::size_t i = 0; i < hops.size() && !each.empty(); ++i)
        hops[i].scheme = each.size() == hops.size() ? each[i] : each.back();
    return hops;
}

// RFC 7239, section 4: lists of elements, an element of pairs, a value a token or a quoted string.
class element_reader {
public:
    explicit element_reader(std::string_view text) : rest_(text) {}

    /// Empty if the text breaks the grammar at any place: what stands where is not known then.
    std::vector<hop> read() {
        std::vector<hop> hops;
        do {
            auto& one = hops.emplace_back();
            do {
                if (!read_pair(one)) return {};
            } while (take(';'));
        } while (take(','));
        skip_blanks();
        return rest_.empty() ? hops : std::vector<hop>{};
    }

private:
    void skip_blanks() {
        rest_ = rest_.substr(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
    }
    bool take(char c) {
        skip_blanks();
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    // An element may be empty, and so may a pair.
    bool read_pair(hop& of) {
        skip_blanks();
        const auto name = rest_.substr(0, std::min(rest_.find_first_of("=,; \t\""), rest_.size()));
        rest_.remove_prefix(name.size());
        if (name.empty()) return rest_.empty() || rest_.front() == ',' || rest_.front() == ';';
        if (!rest_.starts_with('=')) return false;
        rest_.remove_prefix(1);
        std::string value;
        if (!read_value(value)) return false;
        if (same(name, "for")) of.node = std::move(value);
        else if (same(name, "proto")) of.scheme = std::move(value);
        return true;
    }
    bool read_value(std::string& value) {
        if (!rest_.starts_with('"')) {  // addresses with a colon are to be quoted, but are not
            value = rest_.substr(0, std::min(rest_.find_first_of(",; \t\""), rest_.size()));
            rest_.remove_prefix(value.size());
            return !value.empty() && !rest_.starts_with('"');
        }
        for (std::size_t i = 1; i < rest_.size(); ++i) {
            if (rest_[i] == '"') {
                rest_.remove_prefix(i + 1);
                return true;
            }
            if (rest_[i] == '\\') ++i;
            if (i < rest_.size()) value += rest_[i];
        }
        return false;
    }

    std::string_view rest_;
};

}  // namespace

forwarded_client read_forwarded(const header_fields& of, const networks& trusted) {
    std::vector<hop> hops;
    if (of.has("x-forwarded-for") || of.has("x-forwarded-proto"))
        hops = hops_of(of.all("x-forwarded-for"), of.all("x-forwarded-proto"));
    else if (of.has("forwarded")) hops = element_reader{of.all("forwarded")}.read();
    forwarded_client found;
    for (auto one = hops.rbegin(); one != hops.rend(); ++one) {
        if (const auto scheme = scheme_of(one->scheme); !scheme.empty()) found.scheme = scheme;
        const auto client = endpoint_of(one->node);
        if (!client) break;
        found.client = client;
        if (!trusted.contains(client->address())) break;
    }
    return found;
}

}  // namespace LARDER_NAMESPACE::http
