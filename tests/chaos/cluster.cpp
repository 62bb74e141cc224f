#include "cluster.hpp"

#include <signal.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace larder::test {

namespace {

using namespace std::chrono_literals;

// Where the port stands in `scheme://[user@]127.0.0.1:PORT/...`.
std::pair<std::size_t, std::size_t> port_place(const std::string& uri) {
    constexpr std::string_view host = "127.0.0.1:";
    const auto at = uri.find(host);
    if (at == std::string::npos) throw std::runtime_error{"no loopback port in " + uri};
    const auto from = at + host.size();
    return {from, uri.find('/', from) - from};
}

std::uint16_t port_in(const std::string& uri) {
    const auto [from, size] = port_place(uri);
    return static_cast<std::uint16_t>(std::stoi(uri.substr(from, size)));
}

std::string through(const gate& way, std::string uri) {
    const auto [from, size] = port_place(uri);
    return uri.replace(from, size, std::to_string(way.port()));
}

std::string valkey_uri(const valkey_server& server, transport over) {
    if (over == transport::unix_socket) return "unix://" + server.socket();
    return over == transport::tls ? server.tls_uri() : server.uri();
}

bool answers(std::uint16_t port) {
    try {
        return get(port, "/count").status == 200;
    } catch (const std::runtime_error&) {
        return false;
    }
}

}  // namespace

environment followed() {
    auto settings = backends::shared().env();
    settings["PG_DEADLINE_MS"] = "20000";
    const auto done = run_orders({"follow", "setup"}, settings);
    EXPECT_EQ(done.status, 0) << done.err;
    return {{"CACHE_FOLLOW", "auto"}, {"CACHE_TIMEOUT_SECONDS", "86400"}};
}

std::vector<std::string> orders_serve(std::uint16_t port) {
    return {program("orders"),
            "serve",
            "--port",
            std::to_string(port),
            "--workers",
            "2",
            "--log-level",
            "warning",
            "--timeout-graceful-shutdown",
            "3"};
}

instance::instance(const backends& servers, command_line command, environment more, ways how,
                   transport over)
    : to_valkey{port_in(over == transport::tls ? servers.valkey.tls_uri() : servers.valkey.uri())},
      to_postgres{port_in(servers.postgres.uri())},
      command_{std::move(command)},
      env_{std::move(more)},
      port_{free_port()} {
    const auto reach = [how](const gate& way, const std::string& uri) {
        return how == ways::gated ? through(way, uri) : uri;
    };
    env_["PG_SERVICE_URI"] = reach(to_postgres, servers.postgres.uri());
    const auto valkey = valkey_uri(servers.valkey, over);
    env_["VALKEY_SERVICE_URI"] = over == transport::unix_socket ? valkey : reach(to_valkey, valkey);
    start();
}

instance::~instance() {
    if (!running_) return;
    ask_to_end();
    const auto status = running_->wait();
    if (status != 0) {
        ADD_FAILURE() << "an instance ended with "
                      << (status ? "status " + std::to_string(*status) : "no status on SIGTERM");
    }
    if (!testing::Test::HasFailure()) return;
    const auto log = running_->err();
    constexpr std::size_t most = 20'000;  // a report of a sanitizer fits
    std::fprintf(stderr, "---- log of %s ----\n%s----\n", url().c_str(),
                 log.substr(log.size() > most ? log.size() - most : 0).c_str());
}

void instance::start() {
    running_.emplace(command_(port_), env_);
    const bool up = eventually([this] { return answers(port_) || running_->wait(0ms); });
    if (!up || running_->wait(0ms))
        throw std::runtime_error{"an instance does not serve: " + running_->err()};
}

void instance::kill() { running_.reset(); }

void instance::ask_to_end() {
    if (!running_ || std::exchange(is_asked_to_end_, true)) return;
    thaw();
    running_->signal(SIGTERM);
}

cluster::cluster(std::size_t size, const command_line& command, const environment& more, ways how,
                 transport over) {
    servers.restore();
    for (std::size_t i = 0; i < size; ++i)
        instances_.push_back(std::make_unique<instance>(servers, command, more, how, over));
}

// All at once, as none has to wait for another one.
cluster::~cluster() {
    for (auto& one : instances_) one->ask_to_end();
}

std::vector<instance*> cluster::all() const {
    std::vector<instance*> list;
    for (const auto& one : instances_) list.push_back(one.get());
    return list;
}

std::vector<std::string> cluster::urls(std::size_t from) const {
    std::vector<std::string> list;
    for (auto i = from; i < size(); ++i) list.push_back(instances_[i]->url());
    return list;
}

orders::check::options cluster::checking() const {
    auto source = pg::conninfo::parse(servers.postgres.uri());
    source->set("dbname", servers.store.database());
    return {.source = std::move(*source),
            .urls = urls(),
            .duration = 1h,
            .settle = patience,
            .allowed_stale = 0ms};
}

background_check::background_check(orders::check::options how) : checker_{how} {
    for (const auto& url : how.urls)
        takes_writes_.push_back(how.writers > 0 &&
                                (how.write_urls.empty() ||
                                 std::ranges::find(how.write_urls, url) != how.write_urls.end()));
    report_ = std::async(std::launch::async, [this] { return checker_.run(); });
}

background_check::~background_check() {
    checker_.stop();
    if (report_.valid()) report_.wait();
}

bool background_check::is_over() const {
    return report_.wait_for(0ms) == std::future_status::ready;
}

bool background_check::all_serve(const std::vector<std::size_t>& which,
                                 std::chrono::milliseconds within) {
    // A request may have been answered already, before what the caller did, and only be counted
    // now. There is one in flight a reader or writer at most, so that many do not count.
    constexpr std::int64_t in_flight = 8;
    struct target {
        std::size_t instance;
        std::int64_t reads, writes;
    };
    std::vector<target> targets;
    for (const auto i : which)
        targets.push_back({i, checker_.reads_through(i) + in_flight,
                           takes_writes_[i] ? checker_.writes_through(i) + in_flight : -1});
    return eventually(
        [&] {
            return std::ranges::all_of(targets, [&](const auto& one) {
                return checker_.reads_through(one.instance) > one.reads &&
                       checker_.writes_through(one.instance) > one.writes;
            });
        },
        within);
}

void background_check::goes_on_for(std::chrono::milliseconds time) {
    EXPECT_FALSE(eventually([this] { return is_over(); }, time)) << "the checker ended early";
}

orders::check::report background_check::finish() {
    checker_.stop();
    return report_.get();
}

}  // namespace larder::test
