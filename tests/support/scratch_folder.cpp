#include "support/scratch_folder.hpp"

#include <unistd.h>

#include <filesystem>

namespace larder::test {

namespace fs = std::filesystem;

std::string fresh_folder(const std::string& name) {
    static int count = 0;
    const auto folder = fs::path{LARDER_BINARY_DIR} / "test-data" /
                        (name + "-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    fs::create_directories(folder);
    return folder.string();
}

scratch_folder::~scratch_folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

}  // namespace larder::test
