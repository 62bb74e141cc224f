// What a typed handler is: a coroutine from the services and an input to a reply.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "larder/described.hpp"
#include "larder/reply.hpp"
#include "larder/services.hpp"

namespace larder {

template <class T>
using awaitable = boost::asio::awaitable<T>;

/// The input and the reply of a handler. Decorated handlers name theirs themselves.
template <class H>
struct handler_traits {
    using input = typename H::input;
    using reply = typename H::reply;
};
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

/// A handler with a step before it; see before().
template <class H>
concept guarded = handler<H> && requires { typename H::step_type; };

}  // namespace larder
