// An executor whose work may throw without ending the process. Private to valkey.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/execution/executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace larder::valkey {

/// What `Inner` executes is executed by that; what it throws is told instead. Boost.Redis throws in
/// its own handlers where a reply is longer than it may be, or memory is short.
template <class Inner>
class guarded_executor {
public:
    using on_throw = std::function<void(const std::exception&)>;

    guarded_executor(Inner inner, std::shared_ptr<const on_throw> tell)
        : inner_(std::move(inner)), tell_(std::move(tell)) {}

    template <class Property>
        requires boost::asio::can_query<const Inner&, Property>::value
    decltype(auto) query(const Property& what) const {
        return boost::asio::query(inner_, what);
    }
    template <class Property>
        requires boost::asio::can_require<const Inner&, Property>::value
    auto require(const Property& what) const {
        return around(boost::asio::require(inner_, what));
    }
    template <class Property>
        requires boost::asio::can_prefer<const Inner&, Property>::value
    auto prefer(const Property& what) const {
        return around(boost::asio::prefer(inner_, what));
    }
    template <std::invocable Work>
    void execute(Work&& work) const {
        inner_.execute([work = std::forward<Work>(work), tell = tell_]() mutable {
            try {
                std::move(work)();
            } catch (const std::exception& e) {
                (*tell)(e);
            }
        });
    }
    bool operator==(const guarded_executor&) const = default;

private:
    template <class Other>
    guarded_executor<Other> around(Other inner) const {
        return {std::move(inner), tell_};
    }

    Inner inner_;
    std::shared_ptr<const on_throw> tell_;
};

/// Of a connection to Valkey: of a known type, as Boost.Redis copies and asks it some dozen times a
/// command.
using link_executor = guarded_executor<boost::asio::io_context::executor_type>;
using link_socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, link_executor>;

}  // namespace larder::valkey
