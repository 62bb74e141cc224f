#include "program/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace larder::program {

namespace {

constexpr int status_of_signal = 128;

}  // namespace

// Not by std::cout, which does not tell why it could not.
int print(std::string_view text, const complaints& to, int status) {
    while (!text.empty()) {
        const auto size = ::write(STDOUT_FILENO, text.data(), text.size());
        const int why = errno;
        if (size >= 0) text.remove_prefix(static_cast<std::size_t>(size));
        else if (why == EPIPE) return status_of_signal + SIGPIPE;
        else if (why != EINTR) {
            to.say("standard output cannot be written: " + std::generic_category().message(why));
            return 1;
        }
    }
    return status;
}

}  // namespace larder::program
