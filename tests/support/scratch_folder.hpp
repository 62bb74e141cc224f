// A folder that a test has for its files.
#pragma once

#include <string>

namespace larder::test {

/// A new empty folder below the build's. Unix sockets go there, so its name is short.
std::string fresh_folder(const std::string& name);

/// A new empty folder below the build's, until the end of the scope.
struct scratch_folder {
    explicit scratch_folder(const std::string& name) : path{fresh_folder(name)} {}
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    const std::string path;
};

}  // namespace larder::test
