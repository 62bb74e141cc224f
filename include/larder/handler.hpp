// What a typed handler is: a coroutine from the services and an input to a reply.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "larder/described.hpp"
#include "larder/reply.hpp"
#include "larder/services.hpp"

namespace LARDER_NAMESPACE {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// The input and the reply of a handler. Decorated handlers name theirs themselves.
template <class H>
struct handler_traits {
    using input = typename H::input;
    using reply = typename H::reply;
};
/// Those of a function.
template <class Reply, class Input>
struct handler_traits<awaitable<Reply> (*)(services&, Input)> {
    using input = Input;
    using reply = Reply;
};

template <class H>
using input_of = typename handler_traits<H>::input;
template <class H>
using reply_of = typename handler_traits<H>::reply;

/// `awaitable<Reply> f(services&, Input)`, where Input is a described struct, and Reply one or what
/// else `replies` names.
template <class H>
concept handler = requires(const H& h, services& at, input_of<H> in) {
    { h(at, in) } -> std::same_as<awaitable<reply_of<H>>>;
    requires described<input_of<H>> && replies<reply_of<H>>;
};

namespace detail {

/// Says in one sentence why a function is no handler. What is chosen for such functions returns
/// `auto`, that is why(): clang looks into other types before it looks at `requires`.
template <class H>
struct is_no_handler {
    static_assert(sizeof(H) == 0, "a handler is a function: awaitable<Reply> f(services&, Input)");
    static void why() {}
};
template <class Reply, class Input>
struct is_no_handler<awaitable<Reply> (*)(services&, Input)> {
    static_assert(described<Input>,
                  "the input of a handler is a struct that BOOST_DESCRIBE_STRUCT describes");
    static_assert(
        replies<Reply>,
        "the reply of a handler is a struct that BOOST_DESCRIBE_STRUCT describes, or what "
        "else larder/reply.hpp names");
    static void why() {}
};
template <class Reply, class Input>
concept is_function_of_others = !handler<awaitable<Reply> (*)(services&, Input)>;

}  // namespace detail

/// A handler with a step before it; see before().
template <class H>
concept guarded = handler<H> && requires { typename H::step_type; };

namespace detail {
/// What a step is before; else the handler itself.
template <handler H>
struct unguarded {
    using type = H;
};
template <guarded H>
struct unguarded<H> {
    using type = typename H::inner_type;
};
}  // namespace detail

/// A handler with a resource whose entity tag a request may name; see preconditions_on().
template <class H>
concept conditional = handler<H> && requires { typename H::resource_handler; };

}  // namespace LARDER_NAMESPACE
