// What a client prefers, by the weights of its accept headers (RFC 9110, section 12.4.2). Private
// to larder.
#pragma once

#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::http {

/// Of the parameters of one member, `a=b;q=0.5`: 0 is "not at all", and 1 if there is none. What is
/// no weight counts as none.
double weight_of(std::string_view parameters);

/// Whether a client that sends this accept-encoding takes gzip, and likes nothing better.
bool prefers_gzip(std::string_view accept_encoding);

}  // namespace LARDER_NAMESPACE::http
