// The commands that are under way, and until when somebody waits for each. Private to valkey.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include "valkey/link.hpp"

namespace LARDER_NAMESPACE::valkey {

/// Exchanges in the order of sending; those of one urgency have one deadline, so the oldest is the
/// next to miss its own.
///
/// Threads  one worker's.
class in_flight {
public:
    class owner {
    public:
        /// A request's exchange missed its deadline.
        virtual void missed() = 0;
        /// Any other missed its own.
        virtual void unanswered() = 0;
        /// Whether something was received and not handled: then it is this worker that is late.
        virtual bool has_unread() const = 0;

    protected:
        ~owner() = default;
    };

    in_flight(waits& w, std::chrono::milliseconds deadline, std::chrono::milliseconds patient,
              owner& tells);

    /// Sets the exchange's times. It ends by finish(), or at its deadline.
    void add(const exchange_ptr& one, nursery& home);
    void finish(exchange& one) const;
    /// Nobody waits any more; the replies may still come in.
    void give_up_requests();
    void give_up_all();
    /// Of those that somebody waits for.
    std::size_t size() const;

private:
    using exchanges = std::deque<exchange_ptr>;

    task<void> watch();
    void drop(exchanges& from, time_point now);
    time_point next_deadline() const;

    waits& waits_;
    const std::chrono::milliseconds deadline_, patient_;
    owner& owner_;
    exchanges requests_, background_;
    bool watching_ = false;
    time_point watching_until_{};  // or until something has an earlier deadline
    pause watch_;
};

}  // namespace LARDER_NAMESPACE::valkey
