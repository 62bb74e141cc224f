#include "support/trace_receiver.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace larder::test {

namespace {

// The fields of a protobuf message, one after the other.
class fields {
public:
    explicit fields(std::string_view bytes) : left_(bytes) {}

    bool next() {
        if (left_.empty()) return false;
        const auto tag = varint();
        number = tag >> 3U;
        switch (tag & 7U) {
            case 0: value = varint(); break;
            case 1: value = fixed(take(8)); break;
            case 2: text = take(varint()); break;
            default: throw std::runtime_error{"a field of a kind that OTLP does not have"};
        }
        return true;
    }

    std::uint64_t number = 0, value = 0;
    std::string_view text;

private:
    std::string_view take(std::uint64_t size) {
        if (size > left_.size()) throw std::runtime_error{"a message is cut off"};
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    std::uint64_t varint() {
        std::uint64_t all = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = static_cast<unsigned char>(take(1).front());
            all |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) return all;
        }
        throw std::runtime_error{"a number is too long"};
    }
    static std::uint64_t fixed(std::string_view bytes) {
        std::uint64_t all = 0;
        for (auto at = bytes.rbegin(); at != bytes.rend(); ++at)
            all = all << 8U | static_cast<unsigned char>(*at);
        return all;
    }

    std::string_view left_;
};

std::string hex(std::string_view bytes) {
    std::string digits;
    for (const unsigned char byte : bytes) {
        digits += "0123456789abcdef"[byte / 16];
        digits += "0123456789abcdef"[byte % 16];
    }
    return digits;
}

// A KeyValue.
std::pair<std::string, std::string> pair_in(std::string_view bytes) {
    std::pair<std::string, std::string> both;
    for (fields one{bytes}; one.next();) {
        if (one.number == 1) both.first = one.text;
        if (one.number != 2) continue;
        fields value{one.text};
        value.next();
        if (value.number == 1) both.second = value.text;
        if (value.number == 2) both.second = value.value ? "true" : "false";
        if (value.number == 3) both.second = std::to_string(value.value);
    }
    return both;
}

told_span span_in(std::string_view bytes) {
    told_span it;
    for (fields one{bytes}; one.next();) switch (one.number) {
            case 1: it.trace = hex(one.text); break;
            case 2: it.id = hex(one.text); break;
            case 4: it.parent = hex(one.text); break;
            case 5: it.name = one.text; break;
            case 6: it.kind = static_cast<int>(one.value); break;
            case 7: it.begun = one.value; break;
            case 8: it.ended = one.value; break;
            case 9: it.about.insert(pair_in(one.text)); break;
            case 15:
                for (fields of{one.text}; of.next();) {
                    if (of.number == 2) it.why = of.text;
                    if (of.number == 3) it.has_failed = of.value == 2;
                }
                break;
            default: throw std::runtime_error{"a span has a field that is not expected"};
        }
    return it;
}

}  // namespace

told decode_traces(std::string_view body) {
    told all;
    for (fields request{body}; request.next();)
        for (fields of{request.text}; of.next();) {
            if (of.number == 1)
                for (fields one{of.text}; one.next();) all.resource.insert(pair_in(one.text));
            if (of.number == 2)
                for (fields one{of.text}; one.next();)
                    if (one.number == 2) all.spans.push_back(span_in(one.text));
        }
    return all;
}

trace_receiver::trace_receiver(std::uint16_t port) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    socklen_t size = sizeof at;
    auto* const name = reinterpret_cast<sockaddr*>(&at);
    if (::bind(listening_, name, size) != 0 || ::listen(listening_, 16) != 0 ||
        ::getsockname(listening_, name, &size) != 0)
        throw std::runtime_error{"a receiver of traces cannot listen"};
    port_ = ntohs(at.sin_port);
    server_ = std::thread{[this] { serve(); }};
}

trace_receiver::~trace_receiver() {
    ends_ = true;
    server_.join();
    ::close(listening_);
}

std::vector<told> trace_receiver::requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
}

std::vector<told_span> trace_receiver::spans() const {
    const std::lock_guard lock{mutex_};
    return taken_;
}

std::vector<told_span> trace_receiver::spans(const std::string& name) const {
    std::vector<told_span> some;
    for (auto& one : spans())
        if (one.name == name) some.push_back(std::move(one));
    return some;
}

void trace_receiver::serve() {
    std::vector<std::thread> clients;
    while (!ends_) {
        pollfd waits{listening_, POLLIN, 0};
        if (::poll(&waits, 1, 10) != 1) continue;
        const int client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (client >= 0) clients.emplace_back([this, client] { talk(client); });
    }
    for (auto& one : clients) one.join();
}

void trace_receiver::talk(int client) {
    std::string unread;
    while (answer_one(client, unread)) {
    }
    ::close(client);
}

bool trace_receiver::answer_one(int client, std::string& unread) {
    const auto read_to = [&](auto is_there) {
        while (!is_there()) {
            pollfd waits{client, POLLIN, 0};
            if (ends_) return false;
            if (::poll(&waits, 1, 10) != 1) continue;
            char bytes[65'536];
            const auto size = ::recv(client, bytes, sizeof bytes, 0);
            if (size <= 0) return false;
            unread.append(bytes, static_cast<std::size_t>(size));
        }
        return true;
    };
    const auto end_of_head = [&] { return unread.find("\r\n\r\n"); };
    if (!read_to([&] { return end_of_head() != unread.npos; })) return false;
    const auto head = unread.substr(0, end_of_head());
    unread.erase(0, head.size() + 4);
    const std::string length = "\r\nContent-Length: ";
    const auto at = head.find(length);
    if (at == head.npos) throw std::runtime_error{"traces without a length: " + head};
    const auto size = std::strtoul(head.c_str() + at + length.size(), nullptr, 10);
    if (!read_to([&] { return unread.size() >= size; })) return false;
    auto one = decode_traces(std::string_view{unread}.substr(0, size));
    unread.erase(0, size);
    one.head = head;
    const int status = status_;
    {
        const std::lock_guard lock{mutex_};
        if (status == 200) taken_.insert(taken_.end(), one.spans.begin(), one.spans.end());
        requests_.push_back(std::move(one));
    }
    if (status == 0) return read_to([] { return false; });
    const auto answer =
        "HTTP/1.1 " + std::to_string(status) + " Answer\r\ncontent-length: 0\r\n\r\n";
    return ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
}

}  // namespace larder::test
