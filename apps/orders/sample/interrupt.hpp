#pragma once

#include <libpq-fe.h>

#include <csignal>
#include <memory>

namespace orders::sample {

/// While it lives, SIGINT and SIGTERM cancel the connection's statement instead of killing the
/// process at once; a second one kills it after all. One at a time in a process.
class interrupt_guard {
public:
    explicit interrupt_guard(PGconn* connection);
    ~interrupt_guard();

    interrupt_guard(const interrupt_guard&) = delete;
    interrupt_guard& operator=(const interrupt_guard&) = delete;

    /// The signal that arrived, or 0.
    int signal() const noexcept;

    /// Throws failure if a signal arrived. To be asked between statements: with none running,
    /// there was nothing to cancel.
    void check() const;

private:
    struct release {
        void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
    };

    std::unique_ptr<PGcancel, release> cancel_;
    struct sigaction before_int_{};
    struct sigaction before_term_{};
};

}  // namespace orders::sample
