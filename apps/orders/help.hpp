// What `orders serve --help` says beside its flags.
#pragma once

#include <string>

namespace orders {

/// The variables, and the parameters of the URIs in them.
std::string help_on_variables();

}  // namespace orders
