// A set of IP addresses and networks: whom a service trusts.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "larder/namespace.hpp"

namespace boost::asio::ip {
class address;
}

namespace LARDER_NAMESPACE::http {

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
    struct network {  // of IPv6; those of IPv4 are mapped
        std::array<std::uint8_t, 16> first{};
        std::uint32_t link = 0;  // the interface of a link-local one; 0: any
        std::uint16_t prefix_length = 0;
    };

    bool everybody_ = false;
    std::vector<network> members_;
};

}  // namespace LARDER_NAMESPACE::http
