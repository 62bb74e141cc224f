#include "program/reload/sources.hpp"

#include <functional>
#include <string>
#include <system_error>
#include <utility>

namespace LARDER_NAMESPACE::program::reload {

namespace fs = std::filesystem;

namespace {

bool is_left_out(const fs::directory_entry& at) {
    const auto name = at.path().filename().string();
    std::error_code gone;
    return name.starts_with('.') || name == "node_modules" ||
           (at.is_directory(gone) && fs::exists(at.path() / "CMakeCache.txt", gone));
}

std::size_t look_at(const fs::directory_entry& file) {
    std::error_code gone;  // what vanishes while it is looked at will be missed next time
    const auto time = file.last_write_time(gone).time_since_epoch().count();
    const auto text = file.path().string() + '\n' + std::to_string(time) + '\n' +
                      std::to_string(file.file_size(gone));
    return std::hash<std::string>{}(text);
}

}  // namespace

// A sum, as folders are read in any order.
std::size_t sources::look() const {
    std::size_t sum = 0;
    for (const auto& folder : folders_) {
        std::error_code ec;
        fs::recursive_directory_iterator at{folder, fs::directory_options::skip_permission_denied,
                                            ec};
        for (; !ec && at != fs::recursive_directory_iterator{}; at.increment(ec)) {
            if (is_left_out(*at)) at.disable_recursion_pending();
            else if (std::error_code gone; at->is_regular_file(gone)) sum += look_at(*at);
        }
    }
    return sum;
}

bool sources::have_changed() {
    const auto now = look();
    const bool is_moving = now != seen_;
    seen_ = now;
    if (!is_moving) return std::exchange(is_pending_, false);
    is_pending_ = true;
    return false;
}

}  // namespace LARDER_NAMESPACE::program::reload
