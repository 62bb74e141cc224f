#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace orders::sample {

// As the whole program's: apps/orders.
inline constexpr int exit_failed = 1;
inline constexpr int exit_unavailable = 69;

/// Ends the command. what() is one sentence for the user, never with a password.
class failure : public std::runtime_error {
public:
    explicit failure(const std::string& what, int exit_status = exit_failed,
                     std::string sqlstate = {})
        : std::runtime_error{what}, exit_status_{exit_status}, sqlstate_{std::move(sqlstate)} {}

    int exit_status() const noexcept { return exit_status_; }

    /// Empty where it was not PostgreSQL that refused.
    const std::string& sqlstate() const noexcept { return sqlstate_; }

private:
    int exit_status_;
    std::string sqlstate_;
};

}  // namespace orders::sample
