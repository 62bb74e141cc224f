#include "resolve.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE::pg {

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

error no_address(std::string why) {
    return error{failure::unavailable, "no connection"}.with_detail(std::move(why));
}

void append(std::string& list, const std::string& part, bool first) {
    if (!first) list += ',';
    list += part;
}

}  // namespace

void begin_after(conninfo::parameters& all, const address& served_last, std::size_t after) {
    std::map<std::string_view, std::vector<std::string>> lists;
    std::size_t size = 1;
    for (const auto& [keyword, value] : all) {
        if (keyword != "host" && keyword != "hostaddr" && keyword != "port") continue;
        lists[keyword] = split(value);
        size = std::max(size, lists[keyword].size());
    }
    // One may stand for all.
    const auto of = [&](std::string_view keyword, std::size_t i) {
        const auto& list = lists[keyword];
        return list.size() == 1 ? list.front() : i < list.size() ? list[i] : "";
    };
    std::size_t first = 0;
    for (std::size_t i = 0; i < size; ++i) {
        const auto numeric = of("hostaddr", i);
        const address one{numeric.empty() ? of("host", i) : numeric, of("port", i)};
        if (one == served_last || (one.port.empty() && one.host == served_last.host)) first = i;
    }
    first = (first + after) % size;
    for (auto& [keyword, value] : all) {
        auto& list = lists[keyword];
        if (list.size() != size) continue;  // one for all, or a mistake that libpq tells
        std::ranges::rotate(list, list.begin() + static_cast<std::ptrdiff_t>(first));
        value.clear();
        for (const auto& part : list) append(value, part, &part == &list.front());
    }
}

asio::awaitable<conninfo::parameters> with_addresses(
    const conninfo& server, look_up& names, std::chrono::steady_clock::time_point deadline) {
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
        // An empty one makes libpq use the host itself, an address or a folder.
        std::optional found{std::vector<std::string>(1)};
        if (is_name(hosts[i])) found = co_await names.find(hosts[i], deadline);
        if (!found)
            throw no_address("no name server told the address of \"" + hosts[i] + "\" in time");
        if (found->empty())
            unknown =
                "could not translate host name \"" + hosts[i] + "\" to address: " + names.why();
        for (const auto& address : *found) {
            append(host_list, hosts[i], first);
            append(address_list, address, first);
            append(port_list, ports[i], first);
            first = false;
        }
    }
    if (first) throw no_address(unknown);
    with.set("host", host_list);
    with.set("hostaddr", address_list);
    with.set("port", port_list);
    co_return with.all();
}

}  // namespace LARDER_NAMESPACE::pg
