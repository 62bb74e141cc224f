#include "process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace LARDER_NAMESPACE::admin {

namespace {

// Of proc(5), /proc/stat.
double boot_time() {
    std::ifstream file{"/proc/stat"};
    for (std::string word; file >> word;) {
        double seconds = 0;
        if (word == "btime" && file >> seconds) return seconds;
    }
    return 0;
}

// Without the folder itself and the one above.
std::uint64_t entries_of(const char* folder) {
    auto* const open = ::opendir(folder);
    if (!open) return 0;
    std::uint64_t all = 0;
    while (const auto* one = ::readdir(open))
        if (one->d_name[0] != '.') ++all;
    ::closedir(open);
    return all;
}

// The fields behind the name of the program, which may have blanks and parentheses in it.
void read_stat(process_figures& all) {
    std::ifstream file{"/proc/self/stat"};
    std::string line;
    std::getline(file, line);
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::string fields = line.substr(line.rfind(')') + 1);
    std::istringstream in{fields};
    constexpr int user = 14, system = 15, threads = 20, started = 22, size = 23, pages = 24;
    std::string word;
    for (int field = 3; in >> word && field <= pages; ++field) {
        const auto number = std::strtod(word.c_str(), nullptr);
        const auto whole = static_cast<std::uint64_t>(number < 0 ? 0 : number);
        if (field == user || field == system) all.cpu_seconds += number / ticks;
        else if (field == threads) all.threads = whole;
        else if (field == started) all.start_time_seconds = boot_time() + number / ticks;
        else if (field == size) all.virtual_bytes = whole;
        else if (field == pages)
            all.resident_bytes = whole * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    }
}

}  // namespace

process_figures figures_of_process() {
    process_figures all;
    read_stat(all);
    all.open_descriptors = entries_of("/proc/self/fd");
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) all.most_descriptors = limit.rlim_cur;
    return all;
}

}  // namespace LARDER_NAMESPACE::admin
