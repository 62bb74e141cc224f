#include "trace/recorder.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <random>

namespace larder::trace {

namespace {

constexpr std::size_t longest_text = 1'000;  // of an attribute
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

std::uint64_t random() {
    thread_local std::mt19937_64 chance{std::random_device{}()};
    return chance();
}

std::uint64_t number_in(std::string_view digits) {
    std::uint64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return number;
}

void put(trace_id& id, std::size_t at, std::uint64_t number) {
    for (std::size_t i = 8; i-- > 0; number /= 256)
        id[at + i] = static_cast<std::uint8_t>(number % 256);
}

std::string shortened(std::string_view text) {
    if (text.size() <= longest_text) return std::string{text};
    return std::string{text.substr(0, longest_text)} + "...";
}

context& current() {
    thread_local context now;
    return now;
}

}  // namespace

const context& here() { return current(); }

scope::scope(const context& now) : before_(std::exchange(current(), now)) {}
scope::~scope() { current() = before_; }

recorder::recorder(const options& o)
    : follows_parent_(o.follows_parent),
      bound_(o.ratio >= 1 ? largest + 1
                          : static_cast<std::uint64_t>(std::ldexp(std::max(o.ratio, 0.0), 63))) {}

// Which of the traces are recorded, their ids decide, so that all services of a trace do the same.
context recorder::sample(std::string_view traceparent) {
    constexpr std::size_t id_at = 3, span_at = 36, flags_at = 53, half = 16;
    std::uint64_t high = 0, low = 0;
    span_id parent = 0;
    bool is_sampled = false;
    if (!traceparent.empty()) {
        high = number_in(traceparent.substr(id_at, half));
        low = number_in(traceparent.substr(id_at + half, half));
        parent = number_in(traceparent.substr(span_at, half));
        is_sampled = number_in(traceparent.substr(flags_at, 2)) % 2 == 1;
    }
    const bool has_parent = (high != 0 || low != 0) && parent != 0;
    if (!has_parent) low = random();
    const bool by_parent = has_parent && follows_parent_;
    if (by_parent ? !is_sampled : (low & largest) >= bound_) return {};
    if (!has_parent) high = random() | 1U;
    context root{.to = this, .span = has_parent ? parent : 0};
    put(root.trace, 0, high);
    put(root.trace, sizeof high, low);
    return root;
}

span_id recorder::new_id() { return random() | 1U; }

void recorder::add(span done) {
    {
        const std::lock_guard lock{mutex_};
        if (waiting_.size() == most_waiting) ++dropped_;
        else waiting_.push_back(std::move(done));
        if (waiting_.size() != many) return;
    }
    if (many_wait_) many_wait_();
}

std::vector<span> recorder::take(std::size_t most) {
    const std::lock_guard lock{mutex_};
    const auto end =
        waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(most, waiting_.size()));
    std::vector<span> taken{std::make_move_iterator(waiting_.begin()),
                            std::make_move_iterator(end)};
    waiting_.erase(waiting_.begin(), end);
    return taken;
}

std::size_t recorder::waiting() const {
    const std::lock_guard lock{mutex_};
    return waiting_.size();
}

active::active(const context& within, trace::kind kind, std::string_view name, time_point begun)
    : to_(within.to) {
    if (!within) return;
    what_ = std::make_unique<span>(span{.trace = within.trace,
                                        .id = recorder::new_id(),
                                        .parent = within.span,
                                        .kind = kind,
                                        .begun = begun,
                                        .name = std::string{name}});
}

context active::inside() const {
    if (!what_) return {};
    return {.to = to_, .trace = what_->trace, .span = what_->id};
}

void active::say(std::string_view name, std::string_view value) {
    if (what_) what_->about.push_back({name, shortened(value)});
}

void active::say(std::string_view name, std::int64_t value) {
    if (what_) what_->about.push_back({name, value});
}

void active::fail(std::string_view why) {
    if (!what_) return;
    what_->has_failed = true;
    what_->why = shortened(why);
}

void active::end(time_point now) {
    if (!what_) return;
    what_->ended = now;
    to_->add(std::move(*what_));
    what_.reset();
}

std::string text_of(const trace_id& id) {
    std::string digits;
    for (const auto byte : id) {
        digits += "0123456789abcdef"[byte / 16];
        digits += "0123456789abcdef"[byte % 16];
    }
    return digits;
}

}  // namespace larder::trace
