#include "processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace LARDER_NAMESPACE {

namespace {

constexpr unsigned no_limit = std::numeric_limits<unsigned>::max();

struct cpu_set_free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
};

// The kernel refuses a set that is too small for the machine.
unsigned by_affinity() {
    for (std::size_t most = 1'024; most <= 1 << 20; most *= 2) {
        const std::unique_ptr<cpu_set_t, cpu_set_free> set{CPU_ALLOC(most)};
        const auto size = CPU_ALLOC_SIZE(most);
        if (set && ::sched_getaffinity(0, size, set.get()) == 0)
            return static_cast<unsigned>(CPU_COUNT_S(size, set.get()));
        if (errno != EINVAL) break;
    }
    return std::thread::hardware_concurrency();
}

// Both in microseconds; a quota that is none is "max", or negative.
unsigned processors_of(std::istream& quota_and_period) {
    std::int64_t quota = 0, period = 0;
    if (!(quota_and_period >> quota >> period) || quota <= 0 || period <= 0) return no_limit;
    return static_cast<unsigned>(
        std::clamp<std::int64_t>((quota + period - 1) / period, 1, no_limit));
}

unsigned quota_in(const std::string& group) {
    std::ifstream v2{group + "/cpu.max"};
    if (v2) return processors_of(v2);
    std::ifstream quota{group + "/cpu.cfs_quota_us"}, period{group + "/cpu.cfs_period_us"};
    std::stringstream v1;
    if (quota && period) v1 << quota.rdbuf() << ' ' << period.rdbuf();
    return processors_of(v1);
}

// Of the group and those that it is in. In a container the path may be the host's; what the
// container may see begins at the mount.
unsigned quota_up_from(const std::string& mount, std::string path) {
    auto least = quota_in(mount);
    for (; !path.empty(); path.resize(std::min(path.rfind('/'), path.size() - 1)))
        least = std::min(least, quota_in(mount + path));
    return least;
}

bool has_cpu(const std::string& controllers) {
    return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

// The lines are `number:controllers:path`; version 2 has no controllers.
unsigned by_control_groups(const std::string& root) {
    const auto mounts = root + "/sys/fs/cgroup/";
    std::ifstream groups{root + "/proc/self/cgroup"};
    auto least = no_limit;
    for (std::string line; std::getline(groups, line);) {
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        auto path = line.substr(second + 1);
        if (!path.starts_with('/') || path.find("/..") != std::string::npos) path.clear();
        std::vector<std::string> where;
        if (controllers.empty()) where = {mounts, mounts + "unified"};
        else if (has_cpu(controllers)) where = {mounts + controllers, mounts + "cpu"};
        for (const auto& mount : where) least = std::min(least, quota_up_from(mount, path));
    }
    return least;
}

}  // namespace

unsigned processors(const std::string& root) {
    return std::max(1U, std::min(by_affinity(), by_control_groups(root)));
}

}  // namespace LARDER_NAMESPACE
