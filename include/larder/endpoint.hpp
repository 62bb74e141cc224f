// How a typed handler becomes what answers requests: its input is read, it is called, its reply is
// written.
#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/before.hpp"
#include "larder/cached.hpp"
#include "larder/handler.hpp"
#include "larder/http/error.hpp"
#include "larder/http/input.hpp"
#include "larder/http/message.hpp"
#include "larder/preconditions.hpp"
#include "larder/reply.hpp"
#include "larder/services.hpp"

namespace LARDER_NAMESPACE {

/// One method of one path: reads the input, calls the handler, writes the answer.
class endpoint {
public:
    virtual ~endpoint() = default;
    /// `not_ready` says why requests cannot be answered (a setting is missing); empty if they can.
    virtual awaitable<http::response> answer(services& at, std::string_view not_ready,
                                             const http::request& r) const = 0;
    /// Whether its answers come from the source, by the cache or not.
    virtual bool needs_source() const { return false; }
};

/// An input with a function of its own, `awaitable<void> find_faults(services&, const Input&,
/// http::faults&)`, which adds to the faults so far those that only the source can know. It is
/// asked once an input is known to be wrong, so that all its faults are told at once; it may throw
/// nothing, and leaves members alone that are at fault already.
template <class Input>
concept finds_faults = requires(services& at, const Input& in, http::faults& wrong) {
    { find_faults(at, in, wrong) } -> std::same_as<awaitable<void>>;
};

namespace detail {

/// The answer for what a handler threw. Only inside a catch block.
http::response answer_for_exception(bool is_write, const pg::pool& connections);
/// See src/http/caching.hpp.
http::response answer_to_get(const http::request& r, std::string body, const exchange* how,
                             std::string_view cache_control);
/// Percent-encodes what no URI has: a line's end would begin another header.
std::string safe_location(std::string_view text);
/// A 404, which may be from the cache as well.
http::response answer_without_one(const exchange* how);

/// Adds those of a reply. Throws std::invalid_argument; see with_headers.
void add_headers(http::response& answered,
                 const std::vector<std::pair<std::string, std::string>>& headers);

/// The answer of a handler that writes.
template <replies Reply>
http::response answer_to_write(const Reply& reply) {
    if constexpr (has_own_headers<Reply>) {
        auto answered = answer_to_write(reply.value);
        add_headers(answered, reply.headers);
        return answered;
    } else if constexpr (std::same_as<Reply, no_content>) {
        return {.status = 204};
    } else if constexpr (is_optional<Reply>) {
        return reply ? http::response{.body = json::text(*reply)} : answer_without_one(nullptr);
    } else if constexpr (is_created<Reply>) {
        http::response made{.body = json::text(reply.value)};
        if (reply.location.empty()) return made;
        made.status = 201;
        made.headers.emplace_back("location", safe_location(reply.location));
        return made;
    } else {
        return {.body = json::text(reply)};
    }
}
/// Says of an answer to GET on which headers it depends, and that it is for one caller alone.
void label(http::response& answered, const std::string& vary, bool is_private);

/// A 412, for a write that is to be made only on what a client has seen before, or has not: what
/// there is now is not known.
std::optional<http::response> refuse_precondition(const http::request& r);
/// A 415 for a body that is not JSON by its content type, or is in a content coding.
std::optional<http::response> refuse_media_type(const http::request& r);

}  // namespace detail

/// That of a typed handler.
template <handler H, http::method Method>
class typed_endpoint : public endpoint {
    static constexpr bool reads = Method == http::method::get;
    static constexpr bool has_body = !reads && Method != http::method::del;
    static constexpr bool is_conditional = conditional<typename detail::unguarded<H>::type>;
    static constexpr bool tells_tag =
        (Method == http::method::put || Method == http::method::patch) &&
        detail::replies_with_resource<typename detail::unguarded<H>::type>();
    static constexpr bool has_headers = detail::count_from_elsewhere<input_of<H>>().from_header > 0;

public:
    explicit typed_endpoint(H h) : handler_(std::move(h)) {
        if constexpr (caching<H>) cache_control_ = http::cache_control(handler_.policy());
        else cache_control_ = http::cache_control({});
        const auto depends_on = [this](const std::vector<std::string>& headers) {
            for (const auto& one : headers) vary_ += (vary_.empty() ? "" : ", ") + one;
        };
        if constexpr (guarded<H>) depends_on(handler_.step().headers());
        depends_on(http::header_names<input_of<H>>());
    }

    bool needs_source() const override { return true; }
    awaitable<http::response> answer(services& at, std::string_view not_ready,
                                     const http::request& r) const override {
        if constexpr (reads && (guarded<H> || has_headers))
            return answer_labelled(at, not_ready, r);
        else return answer_input(at, not_ready, r);
    }

private:
    awaitable<http::response> answer_labelled(services& at, std::string_view not_ready,
                                              const http::request& r) const {
        auto answered = co_await answer_input(at, not_ready, r);
        detail::label(answered, vary_, guarded<H>);
        if constexpr (guarded<H>) answered.entry_version = 0;  // the step is asked each time
        co_return answered;
    }

    awaitable<http::response> answer_input(services& at, std::string_view not_ready,
                                           const http::request& r) const {
        input_of<H> in{};
        if constexpr (guarded<H>) {
            auto refused = co_await ask_step(at, not_ready, r, in);
            if (refused) co_return std::move(*refused);
        }
        http::faults wrong;
        if constexpr (has_body) {
            if (auto refused = detail::refuse_media_type(r)) co_return std::move(*refused);
            http::read_with_body({r.members, r.headers}, r.body, in, wrong);
        } else {
            http::read_with_query({r.members, r.headers}, r.query, in, wrong);
        }
        if constexpr (finds_faults<input_of<H>>)
            if (!wrong.empty() && not_ready.empty()) co_await find_faults(at, in, wrong);
        if (!wrong.empty()) {
            http::sort_as_declared<input_of<H>>(wrong);
            co_return http::response{.status = 422, .body = http::faults_json(wrong)};
        }
        if (!not_ready.empty()) co_return http::error_response(500, not_ready);
        if constexpr (is_conditional) {
            if (at.http) at.http->request = &r;
        } else if constexpr (!reads) {
            if (auto refused = detail::refuse_precondition(r)) co_return std::move(*refused);
        }
        try {
            const auto reply = co_await handler_(at, std::move(in));
            if constexpr (reads) {
                co_return answer_to_get(r, reply, caching<H> ? at.http : nullptr);
            } else {
                auto answered = detail::answer_to_write(reply);
                if constexpr (tells_tag) detail::add_entity_tag(r, answered);
                co_return answered;
            }
        } catch (const http::invalid_input& e) {
            auto found = e.faults();
            if constexpr (has_headers) http::locate_headers<input_of<H>>(found);
            http::locate(found, r.members, has_body ? "body" : "query");
            co_return http::response{.status = 422, .body = http::faults_json(found)};
        } catch (...) {
            co_return detail::answer_for_exception(!reads, at.db.connections());
        }
    }

    // Nobody asks the step by HTTP: what a client wants of the cache is not about who he is. Its
    // session is its own, as what it writes is none of what the handler makes untrue.
    awaitable<std::optional<http::response>> ask_step(services& at, std::string_view not_ready,
                                                      const http::request& r, input_of<H>& in) const
        requires guarded<H>
    {
        auto& connections = at.db.connections();
        try {
            pg::session own{connections, at.db.trace()};
            services before{own, at.cache};
            auto found = co_await handler_.step().ask(before, not_ready, r);
            if (!found.caller) co_return std::move(found.refused);
            H::hand_over(*found.caller, in);
            co_return std::nullopt;
        } catch (const http::invalid_input& e) {
            auto found = e.faults();
            http::locate(found, r.members, "query");
            co_return http::response{.status = 422, .body = http::faults_json(found)};
        } catch (...) {
            co_return detail::answer_for_exception(false, connections);
        }
    }

    template <class Reply>
    http::response answer_to_get(const http::request& r, const Reply& reply,
                                 const exchange* how) const {
        if constexpr (detail::has_own_headers<Reply>) {
            auto answered = answer_to_get(r, reply.value, how);
            detail::add_headers(answered, reply.headers);
            return answered;
        } else if constexpr (is_optional<Reply>) {
            if (!reply) return detail::answer_without_one(how);
            return detail::answer_to_get(r, json::text(*reply), how, cache_control_);
        } else {
            return detail::answer_to_get(r, json::text(reply), how, cache_control_);
        }
    }

    H handler_;
    std::string cache_control_;  // of its answers
    std::string vary_;           // likewise
};

}  // namespace LARDER_NAMESPACE
