// What becomes of what a command prints.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

struct output : store_test {
    /// `orders` with these words, by a shell.
    ended by_shell(const std::string& words) const {
        return run_to_end({"/bin/bash", "-c", "\"$0\" " + words, program("orders")}, servers.env());
    }
};

TEST_F(output, that_cannot_be_written_is_said) {
    for (const std::string words :
         {"status", "status --json", "cache stats", "openapi", "--version", "--help",
          "serve --print-config", "man", "completion bash"}) {
        const auto done = by_shell(words + " >/dev/full");
        EXPECT_EQ(done.status, 1) << words;
        EXPECT_EQ(done.err, "orders: standard output cannot be written: No space left on device\n")
            << words;
    }
}

// As by any program that SIGPIPE ends.
TEST_F(output, that_nobody_reads_any_more_ends_a_command_in_silence) {
    for (const std::string words : {"status --watch", "status --watch --json"}) {
        const auto done = by_shell(words + " | head -n 1; echo \"${PIPESTATUS[0]}\"");
        EXPECT_TRUE(done.out.ends_with("\n141\n")) << done.out;
        EXPECT_EQ(done.err, "") << words;
    }
}

}  // namespace
}  // namespace larder::test
