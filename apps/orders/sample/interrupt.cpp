#include "sample/interrupt.hpp"

#include <array>
#include <atomic>
#include <cerrno>

#include "sample/failure.hpp"

namespace orders::sample {

namespace {

// A signal handler reaches nothing but globals.
std::atomic<PGcancel*> running{nullptr};
std::atomic<int> received{0};
static_assert(std::atomic<PGcancel*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void cancel_statement(int signal) {
    const int error = errno;
    received = signal;
    // PQcancel may be called in a signal handler: libpq says so.
    std::array<char, 256> reason;
    if (PGcancel* cancel = running)
        PQcancel(cancel, reason.data(), static_cast<int>(reason.size()));
    errno = error;
}

}  // namespace

interrupt_guard::interrupt_guard(PGconn* connection) : cancel_{PQgetCancel(connection)} {
    received = 0;
    running = cancel_.get();
    struct sigaction action{};
    action.sa_handler = cancel_statement;
    // The second time the default action, at once: a server that does not answer holds nobody.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER | SA_RESTART);
    sigaction(SIGINT, &action, &before_int_);
    sigaction(SIGTERM, &action, &before_term_);
}

interrupt_guard::~interrupt_guard() {
    sigaction(SIGINT, &before_int_, nullptr);
    sigaction(SIGTERM, &before_term_, nullptr);
    running = nullptr;
}

int interrupt_guard::signal() const noexcept { return received; }

void interrupt_guard::check() const {
    if (signal() != 0) throw failure{"interrupted", 128 + signal()};
}

}  // namespace orders::sample
