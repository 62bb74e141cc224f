// The parts that every request goes through, a thousand times each, for Callgrind to count. It
// prints their names in the order in which it runs them; `run` says what becomes of that.
#include <spdlog/spdlog.h>
#include <boost/describe/class.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "cache/engine.hpp"
#include "cache/local_tier.hpp"
#include "http/answer_text.hpp"
#include "http/known_requests.hpp"
#include "http/request_reader.hpp"
#include "instructions/straight_world.hpp"
#include "larder/cache/key.hpp"

// Callgrind begins to count when it is called, and writes what it counted when it returns.
extern "C" [[gnu::noinline]] void measured(void (*once)(void*), void* with) {
    for (int i = 0; i < 1'000; ++i) once(with);
}

namespace LARDER_NAMESPACE::http {

// In the library's source of it Boost.Beast is asked, which would be compiled for this alone.
std::string_view reason(unsigned) { return "OK"; }

}  // namespace LARDER_NAMESPACE::http

namespace larder::instructions {

using namespace std::chrono_literals;

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

constexpr cache::key num_orders{"num_orders", cache::depends_on{"orders", "customerid"}};
constexpr auto customers = num_orders(&count_query::customerid);

constexpr std::string_view head =
    "GET /count?customerid=9999 HTTP/1.1\r\nHost: shop:8000\r\nUser-Agent: Mozilla/5.0\r\n"
    "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n";

// Whether the compiler may leave it out depends on nothing but this.
template <class T>
void use(const T& value) {
    __asm__ volatile("" : : "g"(&value) : "memory");
}

template <class F>
void measure(const char* name, F once) {
    once();  // what is made the first time
    std::puts(name);
    measured([](void* with) { (*static_cast<F*>(with))(); }, &once);
}

void require(bool holds, const char* what) {
    if (!holds) throw std::runtime_error{what};
}

void measure_http() {
    http::request_reader reader{{}};
    measure("a request is read", [&] {
        const auto room = reader.room(head.size());
        std::ranges::copy(head, room.begin());
        reader.received(head.size());
        require(reader.read() == http::request_reader::progress::complete, "it is not complete");
        reader.next();
    });

    http::response hit{.body = R"({"count":12000})"};
    hit.headers = {{"etag", "\"1e6a609d8bc0ccd350008517eb43691b\""},
                   {"cache-control", "no-cache"},
                   {"age", "7"},
                   {"cache-status", "larder; hit; ttl=113; detail=local"}};
    http::answer_frame frame;
    frame.has_date = false;  // the clock's, and made once a second
    frame.headers = "server: larder\r\n";
    frame.request_id = "0123456789abcdef";
    http::answer_again again{hit, frame};
    std::string out;
    measure("an answer is made", [&] {
        out.clear();
        http::append_answer(out, hit, frame);
    });
    measure("an answer is made again", [&] {
        out.clear();
        again.append(out, "fedcba9876543210", {7'999ms, 113'001ms});
    });
    http::known_requests known{1 << 20};
    known.keep(http::request_origin::clear, head,
               {.key = "num_orders:9999", .version = 1, .text = std::move(again)});
    measure("a known request is found", [&] {
        require(known.find(http::request_origin::clear, head) != nullptr, "it is not known");
    });
}

void measure_keys() {
    const count_query query{9999};
    measure("a key is made", [&] { use(customers.entry(query)); });
}

void measure_local_tier() {
    const cache::local_tier::time_point start{1h};
    cache::local_tier tier{{.max_bytes = 1 << 20}};
    tier.connected(start);
    const auto key = [](int number) { return "num_orders:" + std::to_string(number); };
    for (int i = 0; i < 1'000; ++i)
        tier.settle(tier.reserve(key(i), 0), key(i), "12000", start + 1h);
    measure("an entry is found",
            [&] { require(tier.find("num_orders:500", start, 0).has_value(), "it is not there"); });
    measure("an entry is replaced", [&] {
        tier.invalidated("num_orders:501");
        tier.settle(tier.reserve("num_orders:501", 0), "num_orders:501", "12001", start + 1h);
    });
}

bool is_value(std::string_view text) { return !text.empty(); }

task<std::string> load() { co_return "12000"; }

// An engine, its Valkey, and somebody who asks.
struct engine_at_work {
    explicit engine_at_work(std::size_t local_bytes)
        : engine{outside,
                 outside,
                 {},
                 own,
                 {.ttl = 120s, .families = {"num_orders"}, .local_bytes = local_bytes}} {
        home.start(engine.start());
        outside.pass(engine.waiting(), 2'000);
        require(engine.is_calm(), "the engine does not trust its Valkey");
    }
    ~engine_at_work() {
        home.kill_all();
        engine.stop();
    }

    task<void> ask(cache::wish how) {
        cache::loader loads = [] { return load(); };
        auto got = co_await engine.read("num_orders:1", std::move(loads), &is_value, how);
        from = got.from;
    }
    task<void> write() {
        cache::change one{.keys = {"num_orders:1", "num_orders:all"}};
        const auto announced = co_await engine.writes().hold(one);
        require(announced.empty(), "Valkey could not be told");
        one.transaction = "7";
        cache::ask_fate nothing;
        co_await engine.writes().end(one, true, std::move(nothing));
    }
    void read(cache::origin expected, cache::wish how = {}) {
        home.start(ask(how));
        outside.settle(engine.waiting());
        require(home.size() == 0 && from == expected, "it came from elsewhere");
    }

    straight_world outside;
    cache::own_writes own{65'536, "p1"};
    cache::engine engine;
    cache::origin from = cache::origin::local;
    nursery home;
};

void measure_engine() {
    {
        engine_at_work at{1 << 20};
        at.read(cache::origin::source);
        at.read(cache::origin::shared);
        measure("a hit of the local tier",
                [&] { require(at.engine.find("num_orders:1").has_value(), "it is not there"); });
    }
    engine_at_work at{0};
    at.read(cache::origin::source);
    measure("a hit of the shared tier", [&] { at.read(cache::origin::shared); });
    measure("a load and its fill", [&] { at.read(cache::origin::source, {.anew = true}); });
    measure("a write's hold and release", [&] {
        at.home.start(at.write());
        at.outside.settle(at.engine.waiting());
        require(at.home.size() == 0, "it goes on");
    });
}

}  // namespace larder::instructions

int main() try {
    spdlog::set_level(spdlog::level::off);
    larder::instructions::measure_http();
    larder::instructions::measure_keys();
    larder::instructions::measure_local_tier();
    larder::instructions::measure_engine();
} catch (const std::exception& e) {
    std::fprintf(stderr, "measured: %s\n", e.what());
    return 1;
}
