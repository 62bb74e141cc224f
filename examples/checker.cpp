// Looks for wrong answers of the service basket: one thread changes the price of product 1, and
// others ask each instance what the product is. Every answer is compared with what it may be then.
//
//     checker SECONDS URL...
//
// Nobody else may change the product meanwhile. Exit status: 0 all is right, 1 it is not, 64 and 69
// nothing was checked.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "larder/check/client.hpp"
#include "larder/check/history.hpp"

namespace {

namespace check = larder::check;
using std::chrono::steady_clock, std::chrono::milliseconds;

struct reading {
    check::instant began, ended;
    std::string body;
};

std::string get() { return "GET /products/1 HTTP/1.1\r\nhost: baskets\r\n\r\n"; }
std::string patch(int price) {
    const auto body = R"({"price":)" + std::to_string(price) + '}';
    return "PATCH /products/1 HTTP/1.1\r\nhost: baskets\r\ncontent-type: application/json\r\n"
           "content-length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

void read(const check::endpoint& instance, const std::atomic<bool>& is_over,
          std::vector<reading>& all) {
    check::client link{instance, milliseconds{2'000}};
    while (!is_over) {
        const auto began = steady_clock::now();
        auto got = link.exchange(get());
        if (got.status == 200) all.push_back({began, steady_clock::now(), std::move(got.body)});
    }
}

// The answer to a PATCH is what a GET has from then on. No two prices are the same.
void write(const check::endpoint& instance, const std::atomic<bool>& is_over,
           check::history& prices) {
    check::client link{instance, milliseconds{2'000}};
    for (int price = 1'000; !is_over; ++price) {
        const auto begun = steady_clock::now();
        const auto got = link.exchange(patch(price));
        const auto told = steady_clock::now();
        const auto became = check::outcome_of(got);
        if (became == check::outcome::unknown)
            throw std::runtime_error{"nobody knows whether a price was stored: run it again"};
        if (became == check::outcome::stored) prices.add({begun, told, told}, got.body);
        std::this_thread::sleep_for(milliseconds{5});
    }
}

int run(std::chrono::seconds time, const std::list<check::endpoint>& instances) {
    const auto first = check::client{instances.front(), milliseconds{2'000}}.exchange(patch(999));
    if (first.status != 200) throw std::runtime_error{"the first price is not taken"};
    check::history prices{first.body};
    std::list<std::vector<reading>> readings;
    std::atomic<bool> is_over = false;
    std::exception_ptr failed;
    {
        std::vector<std::jthread> threads;
        for (const auto& one : instances)
            threads.emplace_back(
                [&one, &is_over, &all = readings.emplace_back()] { read(one, is_over, all); });
        threads.emplace_back([&] {
            try {
                write(instances.front(), is_over, prices);
            } catch (...) {
                failed = std::current_exception();
            }
        });
        std::this_thread::sleep_for(time);
        is_over = true;
    }
    if (failed) std::rethrow_exception(failed);

    std::array<int, 4> found{};  // by kind
    for (const auto& all : readings)
        for (const auto& one : all)
            ++found.at(static_cast<std::size_t>(prices.judge(one.began, one.ended, one.body).what));
    const auto [right, stale, early, unknown] = found;
    std::cout << prices.size() << " prices; " << right << " answers right, " << stale << " stale, "
              << early << " early, " << unknown << " never there\n";
    return right > 0 && stale + early + unknown == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> words(argv + 1, argv + argc);
    const auto seconds = words.empty() ? 0 : std::strtol(argv[1], nullptr, 10);
    if (words.size() < 2 || seconds < 1) {
        std::cerr << "usage: checker SECONDS URL...\n";
        return 64;
    }
    try {
        std::list<check::endpoint> instances;
        for (std::size_t i = 1; i < words.size(); ++i) {
            const auto at = check::parse_url(words[i]);
            if (!at) throw std::runtime_error{std::string{words[i]} + " is no URL"};
            instances.emplace_back(*at);
        }
        return run(std::chrono::seconds{seconds}, instances);
    } catch (const std::exception& e) {
        std::cerr << "checker: " << e.what() << '\n';
        return 69;
    }
}
