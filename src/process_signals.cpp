#include "process_signals.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace LARDER_NAMESPACE {

namespace {

bool has_terminal() {
    const int terminal = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
    if (terminal >= 0) ::close(terminal);
    return terminal >= 0;
}

}  // namespace

process_signals::process_signals(boost::asio::io_context& io, handlers all)
    : handlers_(std::move(all)),
      ends_(io, SIGINT, SIGTERM),
      renewals_(io, SIGHUP),
      had_terminal_(has_terminal()) {
    wait_for_end();
    wait_for_renewal();
}

// Who has ended all that it does is not to be ended by a signal that comes once more, while the
// last lines of the log are written.
process_signals::~process_signals() {
    boost::system::error_code ignored;
    ends_.clear(ignored);
    for (const int one : {SIGINT, SIGTERM}) std::signal(one, SIG_IGN);
}

void process_signals::cancel() {
    is_cancelled_ = true;  // a handler may be on its way without an error
    ends_.cancel();
    renewals_.cancel();
}

void process_signals::wait_for_end() {
    ends_.async_wait([this](boost::system::error_code ended, int) {
        if (ended || is_cancelled_) return;
        end();
        wait_for_end();
    });
}

void process_signals::wait_for_renewal() {
    renewals_.async_wait([this](boost::system::error_code ended, int) {
        if (ended || is_cancelled_) return;
        if (had_terminal_ && !has_terminal()) end();
        else handlers_.renew();
        wait_for_renewal();
    });
}

// Supervisors, and terminals whose whole group is told, send a signal twice within a moment.
void process_signals::end() {
    constexpr std::chrono::milliseconds moment{500};
    if (!std::exchange(is_ending_, true)) {
        ending_since_ = clock::now();
        handlers_.stop();
    } else if (clock::now() - ending_since_ >= moment) {
        ending_since_ = clock::now();
        handlers_.cut_off();
    }
}

}  // namespace LARDER_NAMESPACE
