#include "larder/http/networks.hpp"

#include <boost/asio/ip/network_v4.hpp>

#include <algorithm>
#include <string>

#include "text.hpp"

namespace larder::http {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned short prefix_of_mapped = 96;

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
    if (is_v6) {
        const auto network = ip::make_network_v6(one, ec);
        if (!ec) members_.push_back(network);
    } else {
        const auto network = ip::make_network_v4(one, ec);
        if (!ec)
            members_.emplace_back(
                as_v6(network.network()),
                static_cast<unsigned short>(network.prefix_length() + prefix_of_mapped));
    }
    return !ec;
}

bool networks::contains(const ip::address& a) const {
    const auto wanted = as_v6(a);
    const auto is_in = [&](const ip::network_v6& one) {
        const auto link = one.address().scope_id();
        const ip::network_v6 around{wanted, one.prefix_length()};
        return (link == 0 || link == wanted.scope_id()) &&
               around.network().to_bytes() == one.network().to_bytes();
    };
    return everybody_ || std::ranges::any_of(members_, is_in);
}

}  // namespace larder::http
