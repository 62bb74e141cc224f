#include "larder/http/networks.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <string>

#include "text.hpp"

namespace LARDER_NAMESPACE::http {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned prefix_of_mapped = 96;

ip::address_v6 as_v6(const ip::address& a) {
    return a.is_v6() ? a.to_v6() : ip::make_address_v6(ip::v4_mapped, a.to_v4());
}

}  // namespace

networks networks::loopback() {
    networks only;
    only.add("127.0.0.1");
    return only;
}

bool networks::add(std::string_view text) {
    std::string one{trim(text)};
    if (one == "*") return everybody_ = true;
    const bool is_v6 = one.find(':') != std::string::npos;
    if (one.find('/') == std::string::npos) one += is_v6 ? "/128" : "/32";
    boost::system::error_code ec;
    ip::address_v6 first;
    unsigned prefix_length = 0;
    if (is_v6) {
        const auto given = ip::make_network_v6(one, ec);
        if (!ec) first = given.address();
        prefix_length = given.prefix_length();
    } else {
        const auto given = ip::make_network_v4(one, ec);
        if (!ec) first = as_v6(given.address());
        prefix_length = given.prefix_length() + prefix_of_mapped;
    }
    if (ec) return false;
    const auto shortened = static_cast<std::uint16_t>(prefix_length);
    members_.push_back({.first = ip::network_v6{first, shortened}.network().to_bytes(),
                        .link = static_cast<std::uint32_t>(first.scope_id()),
                        .prefix_length = shortened});
    return true;
}

bool networks::contains(const ip::address& a) const {
    const auto wanted = as_v6(a);
    const auto is_in = [&](const network& one) {
        const ip::network_v6 around{wanted, one.prefix_length};
        return (one.link == 0 || one.link == wanted.scope_id()) &&
               around.network().to_bytes() == one.first;
    };
    return everybody_ || std::ranges::any_of(members_, is_in);
}

}  // namespace LARDER_NAMESPACE::http
