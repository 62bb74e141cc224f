// A TCP relay to a server, which refuses, delays, cuts or swallows as a test says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace larder::test {

/// What a gate does with the bytes of one direction.
struct flow {
    enum class kind {
        pass,
        hold,        ///< neither forwards nor reads them, nor the end: a black hole
        delay,       ///< forwards them `delay` later
        slices,      ///< forwards them byte by byte, 50 us apart
        cut,         ///< forwards `bytes` more, then closes the connection
        half_close,  ///< tells the receiver that this was the end, and drops what comes
    };
    kind what = kind::pass;
    std::chrono::milliseconds delay{};
    std::size_t bytes = 0;
};

/// What a gate does with a new connection.
enum class admission {
    pass,
    refuse,  ///< nobody listens
    silent,  ///< accepts it, and never says anything, also not later
    reset,   ///< accepts it, and sends a reset
};

/// Which connections are meant.
enum class connections { all, present, future };

/// Stands between a client and a server on the loopback, as a thread of the test, and does to
/// their connections what networks do. Every call has taken effect when it returns.
class gate {
public:
    explicit gate(std::uint16_t target);
    ~gate();
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    /// Where the client connects to; nobody else gets it while the gate refuses.
    std::uint16_t port() const { return port_; }

    void admit(admission how);
    /// Where new connections lead from now on, as an address does after a failover. Those that are
    /// there stay where they are.
    void lead_to(std::uint16_t target);
    /// A connection whose sender went away while its bytes were held is reset when they are held
    /// no longer: what was held is lost.
    void to_server(flow how, connections which = connections::all) { set(&how, nullptr, which); }
    void to_client(flow how, connections which = connections::all) { set(nullptr, &how, which); }
    void both_ways(flow how, connections which = connections::all) { set(&how, &how, which); }
    /// Resets all connections that are there.
    void reset();
    /// Passes everything again, also of connections that are there and still can.
    void heal();

    /// How many connections are there now, and how many have ever been accepted.
    std::size_t present() const;
    std::size_t accepted() const;

private:
    using clock = std::chrono::steady_clock;

    struct chunk {
        clock::time_point due;
        std::string bytes;
    };
    struct way {
        int from = -1, to = -1;
        flow how;
        std::deque<chunk> waiting;
        std::size_t waiting_bytes = 0;
        clock::time_point not_before;  // when the next slice is due
        bool from_ended = false;       // the sender's end was read
        bool to_ended = false;         // and passed on
        bool sender_left = false;      // seen while held
        bool is_blocked = false;       // the receiver takes no more for now
    };
    struct link {
        way up, down;  // from the client to the server, and back
        bool is_reset = false;
        bool is_closed = false;
    };

    void set(const flow* to_server, const flow* to_client, connections which);
    template <class Change>
    void apply(Change change);
    void run();
    std::chrono::nanoseconds time_to_wait() const;
    void add_polls();
    void listen();
    void accept_all();
    void pump(link& one);
    void pump(link& whole, way& one);
    static void read(link& whole, way& one);
    static void write(link& whole, way& one);
    static void use(link& whole, way& one, const flow& how);
    static void close(const link& one);
    short seen(int fd) const;

    std::uint16_t port_ = 0;
    int guard_ = -1;     // bound, so that the port stays ours
    int listener_ = -1;  // -1: refuses
    int wake_ = -1;

    mutable std::mutex mutex_;
    std::condition_variable applied_;
    std::uint64_t changes_ = 0, rounds_ = 0;  // all below is guarded by mutex_
    bool is_ending_ = false;
    std::uint16_t target_;
    admission admission_ = admission::pass;
    flow up_, down_;  // of new connections
    std::list<link> links_;
    std::size_t accepted_ = 0;
    struct polled {
        int fd;
        short events;
        short seen;
    };
    std::vector<polled> polls_;
    std::thread thread_;
};

}  // namespace larder::test
