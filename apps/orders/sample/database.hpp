#pragma once

#include <string>

#include "sample/connection.hpp"

namespace orders::sample {

/// Connects to the database, and makes it first if it is not there.
///
/// Errors   throws failure: 69 where the server does not answer, 1 where it refuses.
connection connect_or_create(const keywords& server, const std::string& database);

}  // namespace orders::sample
