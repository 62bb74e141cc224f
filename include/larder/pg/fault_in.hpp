// What libpq would refuse only when it connects.
#pragma once

#include <string>

#include "larder/pg/conninfo.hpp"

namespace LARDER_NAMESPACE::pg {

/// Why no server could ever be connected to with these parameters: a value that is none of those
/// that libpq knows, as `sslmode=requires`, or no number. Empty if libpq would try.
///
/// Errors   a sentence, mostly libpq's own; it has no password.
/// Cost     a socket of this machine's loopback; no name is looked up and no server asked.
std::string fault_in(const conninfo& server);

}  // namespace LARDER_NAMESPACE::pg
