// How many processors a process may use, by files as kernels have them.

#include "processors.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace LARDER_NAMESPACE {
namespace {

namespace fs = std::filesystem;

// This machine may have more processors than one, which the affinity decides.
class processors_of : public testing::Test {
protected:
    processors_of() {
        sched_getaffinity(0, sizeof before_, &before_);
        mine_ = static_cast<unsigned>(CPU_COUNT(&before_));
    }
    ~processors_of() override {
        sched_setaffinity(0, sizeof before_, &before_);
        fs::remove_all(root_);
    }
    processors_of(const processors_of&) = delete;
    processors_of& operator=(const processors_of&) = delete;

    void write(const std::string& file, const std::string& text) const {
        const auto path = fs::path{root_} / file;
        fs::create_directories(path.parent_path());
        std::ofstream{path} << text;
    }
    unsigned mine() const { return mine_; }

    const std::string root_ =
        fs::temp_directory_path() / ("larder-processors-" + std::to_string(getpid()));

private:
    cpu_set_t before_{};
    unsigned mine_ = 0;
};

TEST_F(processors_of, a_process_are_those_of_its_affinity) {
    EXPECT_EQ(processors(root_), mine());
    cpu_set_t one{};
    for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
        cpu_set_t all{};
        sched_getaffinity(0, sizeof all, &all);
        if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
    }
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(processors(root_), 1U);
}

TEST_F(processors_of, a_container_are_those_of_its_quota_rounded_up) {
    write("proc/self/cgroup", "0::/\n");
    for (const auto& [quota, expected] : {std::pair{"max 100000", mine()},
                                          {"50000 100000", 1U},
                                          {"100000 100000", 1U},
                                          {"100001 100000", std::min(2U, mine())},
                                          {"6400000 100000", mine()},
                                          {"1000 100000", 1U}}) {
        write("sys/fs/cgroup/cpu.max", quota);
        EXPECT_EQ(processors(root_), expected) << quota;
    }
}

TEST_F(processors_of, a_group_are_no_more_than_of_those_that_it_is_in) {
    write("proc/self/cgroup", "0::/system.slice/orders.service\n");
    write("sys/fs/cgroup/system.slice/orders.service/cpu.max", "max 100000\n");
    write("sys/fs/cgroup/system.slice/cpu.max", "90000 100000\n");
    EXPECT_EQ(processors(root_), 1U);
    write("sys/fs/cgroup/system.slice/cpu.max", "max 100000\n");
    EXPECT_EQ(processors(root_), mine());
}

TEST_F(processors_of, version_1_are_those_of_its_quota) {
    write("proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/\n0::/\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "80000\n");
    write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(processors(root_), 1U);
    write("sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    EXPECT_EQ(processors(root_), mine());
    // Inside the container its group is where the mount begins.
    write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "10000\n");
    write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(processors(root_), 1U);
}

TEST_F(processors_of, files_that_make_no_sense_are_disregarded) {
    write("proc/self/cgroup", "nonsense\n\n0\n0::/../..\n");
    write("sys/fs/cgroup/cpu.max", "0 0\n");
    EXPECT_EQ(processors(root_), mine());
    write("sys/fs/cgroup/cpu.max", "many\n");
    EXPECT_EQ(processors(root_), mine());
}

}  // namespace
}  // namespace LARDER_NAMESPACE
