// A step before a handler: who asks, and whether he may.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/cached.hpp"
#include "larder/from.hpp"
#include "larder/handler.hpp"
#include "larder/http/input.hpp"
#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE {

/// A way to say who asks, for the OpenAPI document.
struct security_scheme {
    std::string name = {};    ///< in the document; empty: there is none
    std::string object = {};  ///< JSON
};

/// What a step found: who asks, or what is answered instead.
template <class Caller>
struct step_outcome {
    std::optional<Caller> caller = {};
    http::response refused = {};
};

namespace detail {

/// Where a request says who asks.
struct credential {
    std::string_view name;    ///< of the scheme in the document
    std::string_view header;  ///< `authorization`: a bearer token stands there
    std::string_view text;    ///< for the document

    bool is_token() const { return header == "authorization"; }
    /// Empty if there is none, or it has not its form.
    std::string read(const http::request& r) const;
    /// The 401, with `www-authenticate`.
    http::response refuse(bool was_read) const;
    security_scheme scheme() const;
};

}  // namespace detail

/// A step that looks up who has a credential. Made by bearer_token() and api_key().
///
/// Errors   401 without the credential, and where the function returns nothing; 500 if the app is
///          not ready; else what the function throws: http::error{403, "…"} for who may not.
/// Cost     that of the function, for each request: it may call a cached handler.
template <described Caller>
class credential_step {
public:
    using caller = Caller;
    using finder = awaitable<std::optional<Caller>> (*)(services&, std::string);

    constexpr credential_step(detail::credential of, finder find) : of_(of), find_(find) {}

    awaitable<step_outcome<Caller>> ask(services& at, std::string_view not_ready,
                                        const http::request& r) const {
        step_outcome<Caller> found;
        auto given = of_.read(r);
        if (given.empty()) {
            found.refused = of_.refuse(false);
            co_return found;
        }
        if (!not_ready.empty()) {
            found.refused = http::error_response(500, not_ready);
            co_return found;
        }
        found.caller = co_await find_(at, std::move(given));
        if (!found.caller) found.refused = of_.refuse(true);
        co_return found;
    }
    security_scheme scheme() const { return of_.scheme(); }
    /// The headers on which it depends.
    std::vector<std::string> headers() const { return {std::string{of_.header}}; }

private:
    detail::credential of_;
    finder find_;
};

/// Who asks is said by `authorization: Bearer <token>`. `find` is given the token, and returns
/// whose it is, or nothing. `name` is the scheme's in the OpenAPI document.
///
///     constexpr auto signed_in = larder::bearer_token(find_person);
template <described Caller>
constexpr credential_step<Caller> bearer_token(
    awaitable<std::optional<Caller>> (*find)(services&, std::string),
    std::string_view name = "bearer", std::string_view text = {}) {
    return {{name, "authorization", text}, find};
}

/// Who asks is said by a header of that name, in small letters: `x-api-key`.
template <described Caller>
constexpr credential_step<Caller> api_key(
    std::string_view header, awaitable<std::optional<Caller>> (*find)(services&, std::string),
    std::string_view name = "api_key", std::string_view text = {}) {
    return {{name, header, text}, find};
}

/// A step of a function whose input is read as a GET handler's is: from headers, the query and the
/// path. What is wrong with it is a 422.
template <described Caller, described Input>
class input_step {
public:
    using caller = Caller;
    using input = Input;
    using function = awaitable<Caller> (*)(services&, Input);

    explicit constexpr input_step(function f) : function_(f) {}

    awaitable<step_outcome<Caller>> ask(services& at, std::string_view not_ready,
                                        const http::request& r) const {
        step_outcome<Caller> found;
        Input in{};
        http::faults wrong;
        http::read_with_query({r.members, r.headers}, r.query, in, wrong);
        if (!wrong.empty()) {
            found.refused = {.status = 422, .body = http::faults_json(wrong)};
            co_return found;
        }
        if (!not_ready.empty()) {
            found.refused = http::error_response(500, not_ready);
            co_return found;
        }
        found.caller = co_await function_(at, std::move(in));
        co_return found;
    }
    static security_scheme scheme() { return {}; }
    static std::vector<std::string> headers() { return http::header_names<Input>(); }

private:
    function function_;
};

/// What `before(step)` returns; apply it to a handler with `|`, behind all others.
template <class Step>
struct before_by {
    Step step;
};

/// Runs the step before the input is read, and the handler only if the step lets the request in.
/// What the step returns is handed to the handler in those members of the input that are
/// `from_caller`. The answer to a GET says `cache-control: private`, and `vary` with the headers on
/// which the step depends, whatever the handler does with what the step returned.
///
/// A handler that another one calls has no step: the caller's members are then what the other one
/// put there.
///
/// Errors   what the step answers or throws is the answer: 401, 403, 422, 500, 503.
///
///     list_notes | cached(notes(&which_notes::person)) | before(signed_in)
template <described Caller>
constexpr before_by<credential_step<Caller>> before(credential_step<Caller> step) {
    return {step};
}
/// The same with any function of the request: a tenant by a header, say. It throws http::error for
/// what is not let in.
template <described Caller, described Input>
constexpr before_by<input_step<Caller, Input>> before(awaitable<Caller> (*step)(services&, Input)) {
    return {input_step<Caller, Input>{step}};
}

namespace detail {

/// Whether Caller has each member of Input that is from the caller, of the same type.
template <described Caller, described Input>
constexpr bool gives_what_is_asked() {
    bool all = true;
    for_each_member<Input>([&]<class M>(member_of<Input, M> wanted) {
        if constexpr (is_from_caller<M>) {
            bool is_there = false;
            for_each_member<Caller>([&]<class G>(member_of<Caller, G> given) {
                if (given.name == wanted.name && std::same_as<G, typename M::value_type>)
                    is_there = true;
            });
            all = all && is_there;
        }
    });
    return all;
}

}  // namespace detail

/// A handler with a step before it.
template <handler H, class Step>
class guarded_handler {
public:
    using input = input_of<H>;
    using reply = reply_of<H>;
    using step_type = Step;
    using inner_type = H;
    using caller = typename Step::caller;
    static constexpr bool declares_what_it_breaks = invalidating<H>;
    static_assert(!guarded<H>, "a handler has one before(...), whose step may call others");
    static_assert(detail::gives_what_is_asked<caller, input>(),
                  "a member of the input that is from the caller is a member of what the step "
                  "before it returns, of the same name and type");

    constexpr guarded_handler(H inner, Step step) : inner_(std::move(inner)), step_(step) {}

    constexpr const Step& step() const { return step_; }
    constexpr const H& inner() const { return inner_; }

    /// Those of the handler behind it.
    constexpr std::string_view family() const
        requires caching<H>
    {
        return inner_.family();
    }
    constexpr http::client_policy policy() const
        requires caching<H>
    {
        return inner_.policy();
    }
    constexpr const auto& key() const
        requires caching<H>
    {
        return inner_.key();
    }
    std::vector<std::string> patterns() const
        requires invalidating<H>
    {
        return inner_.patterns();
    }

    /// Puts what the step returned where the handler expects it.
    static void hand_over(const caller& found, input& in) {
        for_each_member<input>([&]<class M>(member_of<input, M> wanted) {
            if constexpr (is_from_caller<M>)
                for_each_member<caller>([&]<class G>(member_of<caller, G> given) {
                    if constexpr (std::same_as<G, typename M::value_type>)
                        if (given.name == wanted.name)
                            (in.*wanted.pointer).value = found.*given.pointer;
                });
        });
    }

    awaitable<reply> operator()(services& at, input in) const { return inner_(at, std::move(in)); }

private:
    H inner_;
    Step step_;
};

template <handler H, class Step>
constexpr guarded_handler<H, Step> operator|(H inner, before_by<Step> by) {
    return {std::move(inner), by.step};
}

}  // namespace LARDER_NAMESPACE
