// What a command prints.
#pragma once

#include <string_view>

#include "program/complaints.hpp"

namespace larder::program {

/// Writes all of it to standard output. Returns the command's exit status: `status` if that was
/// possible. If nobody reads it any more (`| head -1`) that of a process that SIGPIPE ended, and
/// nothing is said; else 1, and one sentence says why.
int print(std::string_view text, const complaints& to, int status = 0);

}  // namespace larder::program
