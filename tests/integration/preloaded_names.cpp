// To be preloaded: `two.example` has an address at which nobody can be, and the loopback's;
// `near.example` two of the loopback's. About any other name no name server ever answers. Addresses
// are understood as ever.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>

#include <array>
#include <string_view>

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
    static const auto real =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    std::array<unsigned char, sizeof(in6_addr)> address{};
    const auto both = [&](const char* first, const char* second) {
        const int failed = real(first, service, hints, found);
        return failed != 0 ? failed : real(second, service, hints, &(*found)->ai_next);
    };
    if (node && std::string_view{node} == "two.example") return both("127.0.0.0", "127.0.0.1");
    if (node && std::string_view{node} == "near.example") return both("127.0.0.1", "127.0.0.2");
    const bool is_address = !node || ::inet_pton(AF_INET, node, address.data()) == 1 ||
                            ::inet_pton(AF_INET6, node, address.data()) == 1;
    while (!is_address) ::pause();
    return real(node, service, hints, found);
}
