// A set of IP addresses and networks: whom a service trusts.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <string_view>
#include <vector>

namespace larder::http {

/// Empty at first. An IPv4 address is the same as the IPv6 one that it is mapped to.
///
/// Cost     a comparison for each of its members
class networks {
public:
    networks() = default;
    /// Only `127.0.0.1`.
    static networks loopback();

    /// `10.0.0.5`, `10.0.0.0/8`, `fd00::/8`; `*` is everybody, also who has no address. Blanks
    /// around it do not count. False if it is none of these: nothing is added.
    bool add(std::string_view text);
    bool contains(const boost::asio::ip::address& a) const;
    bool is_everybody() const { return everybody_; }

private:
    bool everybody_ = false;
    std::vector<boost::asio::ip::network_v6> members_;  // those of IPv4 mapped
};

}  // namespace larder::http
