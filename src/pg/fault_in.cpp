#include "larder/pg/fault_in.hpp"

#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace LARDER_NAMESPACE::pg {

namespace {

// A socket that listens, so that a connection can be begun: libpq reads some numbers only when it
// has a socket of its own to set them on. Nothing is ever accepted.
class bystander {
public:
    bystander() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        if (descriptor_ >= 0 && ::bind(descriptor_, any, size) == 0 &&
            ::listen(descriptor_, 1) == 0 && ::getsockname(descriptor_, any, &size) == 0)
            port_ = ntohs(address.sin_port);
    }
    ~bystander() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    bystander(const bystander&) = delete;
    bystander& operator=(const bystander&) = delete;

    int port() const { return port_; }

private:
    int descriptor_ = -1;
    int port_ = 0;  // 0: there is none
};

std::ptrdiff_t members(const std::string& list) {
    return list.empty() ? 0 : std::ranges::count(list, ',') + 1;
}

// libpq takes one port for all hosts, or as many as there are hosts.
std::string mismatch(const conninfo& server) {
    const auto hosts = members(server.get("host")), addresses = members(server.get("hostaddr")),
               ports = members(server.get("port"));
    if (hosts > 0 && addresses > 0 && hosts != addresses)
        return "there are " + std::to_string(hosts) + " hosts and " + std::to_string(addresses) +
               " values of hostaddr";
    const auto places = std::max({hosts, addresses, std::ptrdiff_t{1}});
    if (ports > 1 && ports != places)
        return "there are " + std::to_string(places) + " hosts and " + std::to_string(ports) +
               " ports";
    return {};
}

// The first line, without its end.
std::string first_sentence(std::string_view text) {
    return std::string{text.substr(0, text.find('\n'))};
}

}  // namespace

std::string fault_in(const conninfo& server) {
    if (auto wrong = mismatch(server); !wrong.empty()) return wrong;
    // Only libpq's functions that wait for the server read it.
    if (const auto timeout = server.get("connect_timeout");
        timeout.find_first_not_of("0123456789") != std::string::npos)
        return "invalid integer value \"" + timeout +
               "\" for connection option \"connect_timeout\"";
    const bystander here;
    if (here.port() == 0) return {};
    auto all = server;
    all.set("host", "");
    all.set("hostaddr", "127.0.0.1");
    all.set("port", std::to_string(here.port()));
    all.set("service", "");  // it would name another server
    std::vector<const char*> names, values;
    for (const auto& [name, value] : all.all()) {
        names.push_back(name.c_str());
        values.push_back(value.c_str());
    }
    names.push_back(nullptr);
    values.push_back(nullptr);
    const std::unique_ptr<PGconn, decltype(&PQfinish)> begun{
        PQconnectStartParams(names.data(), values.data(), 0), &PQfinish};
    if (!begun || PQstatus(begun.get()) != CONNECTION_BAD) return {};
    // libpq puts where it connects before some of its sentences; one that is not about a value, it
    // has about this machine.
    const std::string_view why = PQerrorMessage(begun.get());
    const auto sentence = why.find("invalid ");
    return sentence == std::string_view::npos ? "" : first_sentence(why.substr(sentence));
}

}  // namespace LARDER_NAMESPACE::pg
