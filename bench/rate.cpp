// Asks a server over HTTP at a fixed rate, and prints how long the answers took, as one line of
// JSON.
//
//     rate PORT CONNECTIONS RATE SECONDS <REQUEST
//
// REQUEST is the bytes of one request. Request n is meant to leave at n / RATE, whether those
// before it were answered or not, and its time counts from then: one that waits for a connection,
// because the server is slow, is a slow one. A generator that asks only after an answer would not
// see that.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using clock = std::chrono::steady_clock;
using microseconds = std::chrono::duration<double, std::micro>;

struct connection {
    int socket = -1;
    clock::time_point meant;  // when the request that it waits for was to leave
    std::string received;
};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

int connect_to(std::uint16_t port) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (socket < 0 || connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        fail("cannot connect to port " + std::to_string(port));
    const int yes = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(socket, F_SETFL, O_NONBLOCK);
    return socket;
}

// Whether all of an answer is there. One that is neither a success nor a 304 ends the program.
bool is_whole(std::string_view answer) {
    const auto end = answer.find("\r\n\r\n");
    if (end == answer.npos) return false;
    const auto status = answer.substr(std::min(answer.size(), std::size_t{9}), 3);
    if (status == "304") return true;
    if (!status.starts_with('2')) fail("answered with " + std::string{status});
    std::string head{answer.substr(0, end)};
    for (char& c : head)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const std::string_view name = "\r\ncontent-length:";
    const auto at = head.find(name);
    if (at == head.npos) fail("an answer has no content-length");
    return answer.size() >= end + 4 + std::strtoull(head.c_str() + at + name.size(), nullptr, 10);
}

class load {
public:
    load(std::uint16_t port, std::size_t connections, std::string request)
        : request_{std::move(request)}, epoll_{epoll_create1(EPOLL_CLOEXEC)}, all_(connections) {
        for (std::size_t i = 0; i < connections; ++i) {
            all_[i].socket = connect_to(port);
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, all_[i].socket, &event);
            idle_.push_back(i);
        }
    }

    void run(double rate, double seconds) {
        const auto total = static_cast<std::size_t>(rate * seconds);
        const auto begin = clock::now();
        const auto meant = [&](std::size_t number) {
            return begin + std::chrono::duration_cast<clock::duration>(
                               std::chrono::duration<double>(static_cast<double>(number) / rate));
        };
        const auto deadline = meant(total) + std::chrono::seconds{20};
        latencies_.reserve(total);
        std::size_t sent = 0;
        while (latencies_.size() < total) {
            const auto now = clock::now();
            if (now > deadline) fail("requests stayed unanswered for 20 s");
            for (; sent < total && !idle_.empty() && meant(sent) <= now; ++sent) send(meant(sent));
            wait(sent < total && !idle_.empty() ? meant(sent) : deadline);
        }
        seconds_ = microseconds{clock::now() - begin}.count() / 1e6;
    }

    void print() {
        std::printf(
            "{\"requests\": %zu, \"seconds\": %.3f, \"p50\": %.1f, \"p99\": %.1f, "
            "\"p999\": %.1f, \"late\": %.1f}\n",
            latencies_.size(), seconds_, at(latencies_, 0.5), at(latencies_, 0.99),
            at(latencies_, 0.999), at(late_, 0.5));
    }

private:
    void send(clock::time_point meant) {
        auto& one = all_[idle_.front()];
        idle_.pop_front();
        one.meant = meant;
        late_.push_back(microseconds{clock::now() - meant}.count());
        if (write(one.socket, request_.data(), request_.size()) !=
            static_cast<ssize_t>(request_.size()))
            fail("cannot send");
    }

    void wait(clock::time_point until) {
        const auto left = std::max(clock::duration{}, until - clock::now());
        const timespec time{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                            (left % std::chrono::seconds{1}).count()};
        epoll_event events[256];
        const int ready = epoll_pwait2(epoll_, events, 256, &time, nullptr);
        for (int i = 0; i < ready; ++i) receive(events[i].data.u64);
    }

    void receive(std::size_t which) {
        auto& one = all_[which];
        char bytes[65536];
        const auto size = read(one.socket, bytes, sizeof bytes);
        if (size <= 0) fail("the server closed a connection");
        one.received.append(bytes, static_cast<std::size_t>(size));
        if (!is_whole(one.received)) return;
        one.received.clear();
        latencies_.push_back(microseconds{clock::now() - one.meant}.count());
        idle_.push_back(which);
    }

    static double at(std::vector<double>& all, double share) {
        if (all.empty()) return 0;
        std::sort(all.begin(), all.end());
        return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
    }

    std::string request_;
    int epoll_;
    std::vector<connection> all_;
    std::deque<std::size_t> idle_;
    std::vector<double> latencies_;
    std::vector<double> late_;  // how long after its time a request left
    double seconds_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) fail("usage: rate PORT CONNECTIONS RATE SECONDS <REQUEST");
    prctl(PR_SET_TIMERSLACK, 1UL);  // wait to the nanosecond, not to 50 microseconds
    std::string request{std::istreambuf_iterator<char>{std::cin}, {}};
    load of{static_cast<std::uint16_t>(std::atoi(argv[1])),
            static_cast<std::size_t>(std::atoi(argv[2])), std::move(request)};
    of.run(std::atof(argv[3]), std::atof(argv[4]));
    of.print();
} catch (const std::exception& e) {
    std::fprintf(stderr, "rate: %s\n", e.what());
    return 1;
}
