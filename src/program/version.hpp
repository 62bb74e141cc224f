// What --version says.
#pragma once

#include <string>

#include "larder/program.hpp"

namespace LARDER_NAMESPACE::program {

/// The program's version and commit, and in a second line the versions of the libraries: of Boost
/// the one it was compiled with, of the others those that are loaded.
std::string text_of_version(const description& of);

}  // namespace LARDER_NAMESPACE::program
