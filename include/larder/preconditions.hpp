// Writes that are made only on what the client has seen: `write | preconditions_on(read)`.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "larder/cached.hpp"
#include "larder/handler.hpp"
#include "larder/http/message.hpp"
#include "larder/json.hpp"

namespace larder {

namespace detail {

/// Whether the request has `if-match` or `if-none-match`.
bool has_preconditions(const http::request& r);
/// Throws http::error{412} if they do not hold for what there is now: the body of its GET, or
/// nothing.
void expect_preconditions(const http::request& r, const std::optional<std::string>& now);
/// Asks in a transaction that writes nothing.
awaitable<void> check_alone(pg::pool& connections, const pg::session::write_guard& check);
/// Whether it is a pg::error of somebody else's transaction that was in the way.
bool is_serialization_failure(const std::exception_ptr& failed);

/// Whether each member of Part that is not std::optional is one of Whole.
template <described Part, described Whole>
constexpr bool has_members_of() {
    bool all = true;
    for_each_member<Part>([&]<class M>(member_of<Part, M> wanted) {
        bool is_there = is_optional<M>;
        for_each_member<Whole>([&]<class G>(member_of<Whole, G> given) {
            if (given.name == wanted.name && std::same_as<G, M>) is_there = true;
        });
        all = all && is_there;
    });
    return all;
}
template <described Part, described Whole>
Part take_members(const Whole& from) {
    Part part{};
    for_each_member<Part>([&]<class M>(member_of<Part, M> wanted) {
        for_each_member<Whole>([&]<class G>(member_of<Whole, G> given) {
            if constexpr (std::same_as<G, M>)
                if (given.name == wanted.name) part.*wanted.pointer = from.*given.pointer;
        });
    });
    return part;
}

}  // namespace detail

/// What `preconditions_on(read)` returns; apply it to a handler with `|`, behind invalidates(...).
template <class Read>
struct preconditions_by {
    Read read;
};

/// The write honours `if-match` and `if-none-match` against the entity tag that the GET route with
/// the handler `read` would answer with: 412, and nothing is written, if they do not hold. Without
/// it a PUT, PATCH or DELETE with such a header is always answered 412.
///
/// `read` runs in the transaction of the write's first statement, before that; its input is made of
/// the members of the write's input that have the same names. The transaction is serializable, so
/// of two writes on the same tag one is made, and the other one finds another tag when larder
/// makes its transaction once more. A change by whoever does not ask for a tag, a request or
/// another program, is seen as well if it changes a row that this write changes. Cached handlers
/// that `read` calls do not ask the cache then.
///
/// Errors   412. What others' transactions make fail in a larder::transaction of the handler's own
///          is 412 if the tag is another one by now, and else the pg::error.
/// Cost     none without these headers; with them two round trips and the statements of `read`.
///
///     set_price | invalidates(...) | preconditions_on(read_product)
template <handler Read>
constexpr preconditions_by<Read> preconditions_on(Read read) {
    return {std::move(read)};
}

/// A handler with a resource whose entity tag a request may name.
template <handler H, handler Read>
class conditional_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    using resource_handler = Read;
    static constexpr bool declares_what_it_breaks = invalidating<H>;
    static_assert(invalidating<H>, "preconditions_on(...) comes behind invalidates(...)");
    static_assert(detail::has_members_of<input_of<Read>, input>(),
                  "each member of the input of preconditions_on()'s handler is one of the write's "
                  "input, of the same name and type");

    constexpr conditional_handler(H inner, Read read)
        : inner_(std::move(inner)), read_(std::move(read)) {}

    std::vector<std::string> patterns() const { return inner_.patterns(); }

    awaitable<reply> operator()(services& at, input in) const {
        const auto* request = at.http ? at.http->request : nullptr;
        if (request && detail::has_preconditions(*request))
            return write_if_they_hold(at, *request, std::move(in));
        return inner_(at, std::move(in));
    }

private:
    // A handler that wrote nothing by its session was not checked, and one whose transaction was in
    // another one's way was checked on what may have changed.
    awaitable<reply> write_if_they_hold(services& at, const http::request& r, input in) const {
        const pg::session::write_guard check = [this, &at, &r, &in](pg::transaction& within) {
            return expect(at, r, in, within);
        };
        at.db.before_write(check);
        std::exception_ptr failed;
        reply value{};
        auto passed = in;
        try {
            value = co_await inner_(at, std::move(passed));
        } catch (...) {
            failed = std::current_exception();
        }
        const bool was_asked = !at.db.has_guard();
        at.db.before_write({});
        if (failed && !detail::is_serialization_failure(failed)) std::rethrow_exception(failed);
        if (failed || !was_asked) co_await detail::check_alone(at.db.connections(), check);
        if (failed) std::rethrow_exception(failed);
        co_return value;
    }

    awaitable<void> expect(services& at, const http::request& r, const input& in,
                           pg::transaction& within) const {
        pg::session session{at.db.connections(), within, at.db.trace()};
        services there{session, at.cache};
        auto which = detail::take_members<input_of<Read>>(in);
        const auto found = co_await read_(there, std::move(which));
        std::optional<std::string> now;
        if constexpr (is_optional<reply_of<Read>>) {
            if (found) now = json::text(*found);
        } else {
            now = json::text(found);
        }
        detail::expect_preconditions(r, now);
    }

    H inner_;
    Read read_;
};

template <handler H, handler Read>
constexpr conditional_handler<H, Read> operator|(H inner, preconditions_by<Read> by) {
    return {std::move(inner), std::move(by.read)};
}

}  // namespace larder
