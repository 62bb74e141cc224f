#include "support/pgbouncer.hpp"

#include <fstream>
#include <stdexcept>
#include <vector>

#include "support/pg_client.hpp"

namespace larder::test {

namespace {

// PgBouncer refuses to run as root: then it runs as PostgreSQL's user, who may not enter the
// folders above the file, so it is given as a descriptor.
constexpr const char* start = R"sh(
    PATH=$PATH:/usr/sbin
    exec 9<"$0"
    if [ "$(id -u)" != 0 ]; then exec pgbouncer /proc/self/fd/9; fi
    exec setpriv --reuid=postgres --regid="$(id -g postgres)" --init-groups \
        pgbouncer /proc/self/fd/9
)sh";

std::string password_of(const postgres_server& server) {
    std::string line;
    std::getline(std::ifstream{server.folder() + "/passfile"}, line);
    return line.substr(line.rfind(':') + 1);
}

std::vector<std::string> command_of(const postgres_server& server, const std::string& folder,
                                    std::uint16_t port, pgbouncer::mode how, int pool_size) {
    const auto file = folder + "/pgbouncer.ini";
    pg_client sql{server.uri()};
    std::ofstream{file} << "[databases]\n* = host=127.0.0.1 port=" << sql.scalar("SHOW port")
                        << " user=larder password=" << password_of(server)
                        << "\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = " << port
                        << "\nunix_socket_dir =\nauth_type = any\npool_mode = "
                        << (how == pgbouncer::mode::session ? "session" : "transaction")
                        << "\ndefault_pool_size = " << pool_size << "\nmax_client_conn = 200\n";
    return {"sh", "-c", start, file};
}

}  // namespace

pgbouncer::pgbouncer(const postgres_server& server, mode how, int pool_size)
    : child_{command_of(server, folder_.path, port_, how, pool_size), {}} {
    if (!child_.wait_for_err("process up"))
        throw std::runtime_error{"pgbouncer: " + child_.out() + child_.err()};
}

}  // namespace larder::test
