#include "check/instances.hpp"

#include <stdexcept>
#include <thread>

#include "sample/failure.hpp"

namespace orders::check {

using larder::check::clock, larder::check::failure;
using std::chrono::milliseconds;

namespace {

// How long a thread leaves an instance alone that did not answer.
constexpr milliseconds after_failure{50};

}  // namespace

instance::instance(const std::string& where, const larder::check::address& at,
                   std::int32_t customers)
    : url(where), authority(at.authority()), to(at) {
    for (key k = 0; k <= static_cast<key>(customers); ++k)
        gets.push_back("GET " + path(k) + " HTTP/1.1\r\nhost: " + authority + "\r\n\r\n");
}

std::string instance::path(key k) {
    return k == 0 ? "/count" : "/count?customerid=" + std::to_string(k);
}

std::string instance::post(const std::string& body) const {
    return "POST /add/ HTTP/1.1\r\nhost: " + authority +
           "\r\ncontent-type: application/json\r\ncontent-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

larder::check::address parse_or_throw(const std::string& url) {
    if (auto at = larder::check::parse_url(url)) return *at;
    throw sample::failure{url +
                              " is no URL of an instance: it should look like "
                              "http://127.0.0.1:8000",
                          exit_usage};
}

std::unique_ptr<instance> instance_at(const std::string& url, std::int32_t customers) {
    const auto at = parse_or_throw(url);
    try {
        return std::make_unique<instance>(url, at, customers);
    } catch (const std::runtime_error& nowhere) {
        throw sample::failure{nowhere.what(), sample::exit_unavailable};
    }
}

links::links(const std::vector<std::unique_ptr<instance>>& all, milliseconds timeout, bool to_write)
    : random_(std::random_device{}()) {
    for (const auto& one : all)
        if (!to_write || one->takes_writes)
            links_.push_back({one.get(), larder::check::client{one->to, timeout}, {}});
}

instance* links::pick() {
    const auto now = clock::now();
    const auto first = below(links_.size());
    for (std::size_t i = 0; i < links_.size(); ++i) {
        chosen_ = &links_[(first + i) % links_.size()];
        if (chosen_->not_before <= now) return chosen_->to;
    }
    return nullptr;
}

larder::check::answer links::exchange(std::string_view request, error_counts& errors) {
    auto got = chosen_->connection.exchange(request);
    if (got.failure == failure::none && got.status == 200) return got;
    chosen_->not_before = clock::now() + after_failure;
    switch (got.failure) {
        case failure::refused: ++errors.refused; break;
        case failure::lost: ++errors.lost; break;
        case failure::late: ++errors.late; break;
        case failure::garbled: ++errors.garbled; break;
        case failure::none: ++(got.status == 503 ? errors.unavailable : errors.other_status);
    }
    return got;
}

std::size_t links::below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random_);
}

void links::pause(milliseconds average) {
    if (average.count() == 0) return;
    const auto twice = static_cast<std::size_t>(average.count()) * 2'000;
    std::this_thread::sleep_for(std::chrono::microseconds{below(twice)});
}

}  // namespace orders::check
