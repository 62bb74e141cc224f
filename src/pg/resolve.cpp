#include "resolve.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "larder/pg/error.hpp"

namespace larder::pg {

namespace asio = boost::asio;

namespace {

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= list.size();) {
        const auto end = std::min(list.find(',', begin), list.size());
        parts.push_back(list.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

// A folder with a socket, or an address already: nothing to look up.
bool is_name(const std::string& host) {
    boost::system::error_code ec;
    asio::ip::make_address(host, ec);
    return !host.empty() && host.front() != '/' && host.front() != '@' && ec;
}

void append(std::string& list, const std::string& part, bool first) {
    if (!first) list += ',';
    list += part;
}

// A look-up cannot be called off, so it is left to end by itself.
struct look_up {
    explicit look_up(const asio::any_io_executor& executor) : resolver(executor), over(executor) {}
    asio::ip::tcp::resolver resolver;
    asio::steady_timer over;
    std::optional<boost::system::error_code> ended;
    asio::ip::tcp::resolver::results_type found;
};

asio::awaitable<std::shared_ptr<look_up>> look_up_by(std::chrono::steady_clock::time_point deadline,
                                                     const std::string& name,
                                                     asio::any_io_executor executor) {
    auto one = std::make_shared<look_up>(executor);
    one->over.expires_at(deadline);
    one->resolver.async_resolve(
        name, "", [one](boost::system::error_code ec, asio::ip::tcp::resolver::results_type found) {
            one->ended = ec;
            one->found = std::move(found);
            one->over.cancel();
        });
    co_await one->over.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!one->ended)
        throw error(failure::unavailable,
                    "no name server told the address of \"" + name + "\" in time");
    co_return one;
}

}  // namespace

asio::awaitable<conninfo::parameters> with_addresses(
    const conninfo& server, asio::any_io_executor executor,
    std::chrono::steady_clock::time_point deadline) {
    const auto hosts = split(server.get("host"));
    auto ports = split(server.get("port"));
    const bool known = !server.get("hostaddr").empty() ||
                       std::none_of(hosts.begin(), hosts.end(), is_name) ||
                       (ports.size() != 1 && ports.size() != hosts.size());
    if (known) co_return server.all();
    ports.resize(hosts.size(), ports.front());

    conninfo with = server;
    std::string host_list, address_list, port_list, unknown;
    bool first = true;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        std::vector<std::string> addresses;
        if (is_name(hosts[i])) {
            const auto told = co_await look_up_by(deadline, hosts[i], executor);
            if (*told->ended)
                unknown = "could not translate host name \"" + hosts[i] + "\" to an address";
            for (const auto& entry : told->found)
                addresses.push_back(entry.endpoint().address().to_string());
            std::sort(addresses.begin(), addresses.end());
            addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
        } else {
            // An empty address makes libpq use the host itself, an address or a folder.
            addresses.emplace_back();
        }
        for (const auto& address : addresses) {
            append(host_list, hosts[i], first);
            append(address_list, address, first);
            append(port_list, ports[i], first);
            first = false;
        }
    }
    if (first) throw error(failure::unavailable, unknown);
    with.set("host", host_list);
    with.set("hostaddr", address_list);
    with.set("port", port_list);
    co_return with.all();
}

}  // namespace larder::pg
