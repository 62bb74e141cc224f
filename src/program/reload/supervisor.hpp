// `serve --reload`: rebuilds on a change of the sources, and hands over to the new program.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program::reload {

struct options {
    /// As it was called. Children get `--reload=false`, `--fd` and `--admin-fd` besides.
    std::vector<std::string> command_line;
    std::vector<std::filesystem::path> folders =
        {};                          ///< none: where the program's CMake builds from
    std::string build_command = {};  ///< for sh; empty: CMake in the program's folder
    int listener = -1;               ///< the socket that the children serve
    int admin_listener = -1;         ///< and the one for operators; -1: none
};

/// Until SIGTERM or SIGINT, which the children get, too: the exit status of the last one. The
/// socket stays open all the time, so no connection is refused.
///
/// Errors  throws setting_error if the program is not in a folder that CMake builds in and either
///         option is left out; std::system_error if there is no process or descriptor to be had.
int supervise(options how);

}  // namespace LARDER_NAMESPACE::program::reload
