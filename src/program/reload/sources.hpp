// The files that `serve --reload` watches.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::program::reload {

/// Looks at the files below some folders: names, sizes and times of change. Hidden files and
/// folders, node_modules and folders that CMake builds in are left out.
///
/// Cost    a stat a file. Looking works where inotify does not: on network file systems and what
///         containers mount.
class sources {
public:
    explicit sources(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}

    /// True once after files have changed, as soon as they are left alone from one call to the
    /// next.
    bool have_changed();

private:
    std::size_t look() const;

    std::vector<std::filesystem::path> folders_;
    std::size_t seen_ = look();
    bool is_pending_ = false;
};

}  // namespace LARDER_NAMESPACE::program::reload
