// Where ./run says that the service is.

#include <gtest/gtest.h>

#include <string>

#include "support/observed_service.hpp"
#include "support/store_test.hpp"

namespace larder::test {
namespace {

struct run_script : store_test {};

// tools/lib.sh asks the kernel.
TEST_F(run_script, tells_the_address_for_clients_alone) {
    const observed_service any{servers.env()};
    const auto free = free_port();
    const observed_service fixed{servers.env(), {"--port", std::to_string(free)}};
    const auto address = [](const observed_service& of, const std::string& port,
                            const std::string& admin) {
        return run_to_end({"/bin/bash", "-c",
                           ". '" LARDER_SOURCE_DIR "/tools/lib.sh'; service_address " +
                               std::to_string(of.pid()) + " " + port + " '" + admin + "'"},
                          {})
            .out;
    };
    const auto local = [](std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); };
    EXPECT_EQ(address(any, "0", "0"), local(any.port()));
    EXPECT_EQ(address(any, "0", std::to_string(any.admin_port())), local(any.port()));
    EXPECT_EQ(address(fixed, std::to_string(free), "0"), local(free));
    EXPECT_EQ(address(any, "0", std::to_string(any.port())), local(any.admin_port()));
    const service alone{servers.env()};
    EXPECT_EQ(run_to_end({"/bin/bash", "-c",
                          ". '" LARDER_SOURCE_DIR "/tools/lib.sh'; service_address " +
                              std::to_string(alone.pid()) + " 0 ''"},
                         {})
                  .out,
              local(alone.port()));
}

}  // namespace
}  // namespace larder::test
