#include "log_connection.hpp"

#include <utility>

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto answer_within = 2s;
constexpr auto slot_within = 5s;  // longer than it waits for a lock

}  // namespace

// A server that has gone without a word is found out by what it sends every second or two.
pool_options for_the_log(pool_options options) {
    options = kept_alive(std::move(options));
    options.server.set("replication", "database");
    return options;
}

asio::awaitable<std::string> log_connection::server() {
    const auto said = co_await ask(std::string{which_server}, answer_within);
    co_return std::string{said.text(0, 0).value_or("")};
}

// It waits for every transaction that runs, a forgotten one too. A holder of the slot that is
// frozen, or out of reach, is given up after two seconds, whatever the server's settings are.
asio::awaitable<void> log_connection::make_slot(std::string slot) {
    const std::string limits = "SET lock_timeout = '4s'; SET wal_sender_timeout = '2s'";
    co_await ask(limits, answer_within);
    const auto make =
        "CREATE_REPLICATION_SLOT " + slot + " TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT";
    co_await ask(make, slot_within);
}

asio::awaitable<void> log_connection::start(std::string slot, std::string publication) {
    const auto begin = "START_REPLICATION SLOT " + slot +
                       " LOGICAL 0/0 (proto_version '1', publication_names '" + publication + "')";
    co_await ask(begin, answer_within);
}

std::optional<std::string_view> log_connection::next() {
    char* bytes = nullptr;
    const int size = PQgetCopyData(libpq(), &bytes, 1);
    piece_.reset(bytes);
    if (size < 0) lost("the server ended the stream");
    if (size == 0) return std::nullopt;
    return std::string_view{bytes, static_cast<std::size_t>(size)};
}

asio::awaitable<bool> log_connection::wait(std::chrono::milliseconds most) {
    const bool has_come = co_await wait_to_read(most);
    if (PQconsumeInput(libpq()) != 1) lost("the connection has ended");
    co_return has_come;
}

asio::awaitable<void> log_connection::send(std::string piece) {
    if (PQputCopyData(libpq(), piece.data(), static_cast<int>(piece.size())) < 0)
        lost("the connection has ended");
    co_await flush();
}

}  // namespace LARDER_NAMESPACE::pg
