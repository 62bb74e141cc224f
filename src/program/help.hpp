// What `serve --help` says beside the flags.
#pragma once

#include <string>

#include "larder/program.hpp"

namespace LARDER_NAMESPACE::program {

/// The variables, and the parameters of the URIs in them.
std::string help_on_variables(const description& of);

}  // namespace LARDER_NAMESPACE::program
