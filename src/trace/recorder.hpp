// Which requests are recorded, and the spans that wait to be told. Private to larder.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "larder/trace.hpp"

namespace larder::trace {

using time_point = std::chrono::steady_clock::time_point;

/// As OTLP numbers them.
enum class kind : char { internal = 1, server = 2, client = 3 };

/// Its name lives for ever.
struct attribute {
    std::string_view name;
    std::variant<std::string, std::int64_t, bool> value;
};

/// A step that is over.
struct span {
    trace_id trace{};
    span_id id = 0, parent = 0;  ///< 0: it has none
    trace::kind kind = trace::kind::internal;
    bool has_failed = false;
    time_point begun{}, ended{};
    std::string name = {};
    std::string why = {};  ///< it failed
    std::vector<attribute> about = {};
};

/// How many spans were told, and how many were not.
struct counts {
    std::uint64_t exported = 0, dropped = 0;
};

/// Spans are added by the workers, and taken by who tells them.
///
/// Threads  any.
class recorder {
public:
    static constexpr std::size_t most_waiting = 2'048, many = 512;

    explicit recorder(const options& o);
    recorder(const recorder&) = delete;
    recorder& operator=(const recorder&) = delete;

    /// The trace of a request, if it is to be recorded: `span` is its sender's, or 0.
    /// `traceparent`: the header, which has its form, or empty.
    context sample(std::string_view traceparent);
    static span_id new_id();

    /// Is called by whoever adds the span with which `many` wait; before the first is added.
    void when_many_wait(std::function<void()> then) { many_wait_ = std::move(then); }
    void add(span done);
    /// The oldest that wait, so many at most.
    std::vector<span> take(std::size_t most);
    std::size_t waiting() const;

    void was_exported(std::size_t spans) { exported_ += spans; }
    void was_dropped(std::size_t spans) { dropped_ += spans; }
    trace::counts counts() const { return {exported_, dropped_}; }

private:
    const bool follows_parent_;
    const std::uint64_t bound_;  // of the ids that are recorded
    std::function<void()> many_wait_;
    mutable std::mutex mutex_;
    std::vector<span> waiting_;  // guarded by mutex_
    std::atomic<std::uint64_t> exported_{0}, dropped_{0};
};

/// A span that goes on. Without a parent that is recorded nothing happens.
class active {
public:
    active() = default;
    /// A part of what `within` is, from now on.
    active(const context& within, trace::kind kind, std::string_view name,
           time_point begun = std::chrono::steady_clock::now());
    active(active&&) = default;
    active& operator=(active&& from) noexcept {
        end(std::chrono::steady_clock::now());
        to_ = from.to_;
        what_ = std::move(from.what_);
        return *this;
    }
    ~active() { end(std::chrono::steady_clock::now()); }

    explicit operator bool() const { return what_ != nullptr; }
    /// For its parts.
    context inside() const;
    void rename(std::string name) {
        if (what_) what_->name = std::move(name);
    }
    void say(std::string_view name, std::string_view value);
    void say(std::string_view name, std::int64_t value);
    /// Of nothing else: a literal would become one rather than a text.
    void say(std::string_view name, std::same_as<bool> auto value) {
        if (what_) what_->about.push_back({name, value});
    }
    void fail(std::string_view why);
    void end(time_point now);
    /// It is not told.
    void forget() { what_.reset(); }

private:
    recorder* to_ = nullptr;
    std::unique_ptr<span> what_;
};

/// The hexadecimal digits.
std::string text_of(const trace_id& id);

/// Makes here() this context until its end.
class scope {
public:
    explicit scope(const context& now);
    ~scope();
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

private:
    const context before_;
};

}  // namespace larder::trace
