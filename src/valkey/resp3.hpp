// What Valkey says, from Boost.Redis' parser into what the engine knows. Private to valkey.
#pragma once

#include <boost/redis/adapter/any_adapter.hpp>
#include <boost/redis/resp3/node.hpp>
#include <boost/redis/resp3/type.hpp>
#include <boost/redis/response.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "valkey/link.hpp"

namespace LARDER_NAMESPACE::valkey {

// Takes the replies node by node. Boost.Redis' own response forgets all others where one is an
// error.
struct reply_adapter {
    std::vector<reply>* replies;

    static constexpr std::size_t get_supported_response_size() {
        return std::numeric_limits<std::size_t>::max();
    }
    template <class Node>
    void operator()(std::size_t index, const Node& node, boost::system::error_code&) const {
        using type = boost::redis::resp3::type;
        if (index >= replies->size()) return;
        auto& to = (*replies)[index];
        if (to.is == reply::kind::no_answer) to.is = reply::kind::nothing;
        const bool in_list = node.depth > 0;
        if (in_list) {
            if (!boost::redis::resp3::is_aggregate(node.data_type))
                to.list.emplace_back(node.value);
        } else if (boost::redis::resp3::is_aggregate(node.data_type)) {
            to.is = reply::kind::list;
        } else if (node.data_type == type::simple_error || node.data_type == type::blob_error) {
            to.is = reply::kind::error;
            to.text = node.value;
        } else if (node.data_type != type::null) {
            to.is = reply::kind::text;
            to.text = node.value;
        }
    }
};
struct reply_sink {
    std::vector<reply>* replies;
};
inline reply_adapter boost_redis_adapt(reply_sink& sink) noexcept { return {sink.replies}; }

// Takes what Valkey says by itself, as it is parsed: so it is known before any reply behind it. An
// error that nobody asked for is why it turns us away.
struct push_adapter {
    link_events* const* events;
    std::string* refusal;
    int place = 0;  // in the push: its kind, then what it says
    bool invalidates = false;

    static constexpr std::size_t get_supported_response_size() {
        return std::numeric_limits<std::size_t>::max();
    }
    template <class Node>
    void operator()(std::size_t, const Node& node, boost::system::error_code&) {
        using type = boost::redis::resp3::type;
        if (node.depth == 0 && node.data_type == type::simple_error) *refusal = node.value;
        if (node.depth == 0) place = 0;
        else if (place++ == 0) invalidates = node.value == "invalidate";
        else if (invalidates && *events) {
            if (node.data_type == type::null) (*events)->all_changed();
            else if (node.depth == 2) (*events)->changed(node.value);
        }
    }
};
struct push_sink {
    link_events* const* events;
    std::string* refusal;
};
inline push_adapter boost_redis_adapt(push_sink& sink) noexcept {
    return {sink.events, sink.refusal};
}

// Boost.Redis tells its logger alone what a server answered to HELLO.
struct hello_listener {
    std::string* refusal;

    void on_hello(boost::system::error_code, const boost::redis::generic_response& answer) const {
        if (answer.has_error()) *refusal = answer.error().diagnostic;
    }
    template <class... Any>
    void on_resolve(const Any&...) const {}
    template <class... Any>
    void on_connect(const Any&...) const {}
    template <class... Any>
    void on_ssl_handshake(const Any&...) const {}
    template <class... Any>
    void on_write(const Any&...) const {}
    template <class... Any>
    void on_read(const Any&...) const {}
    void set_prefix(std::string_view) const {}
    template <class... Any>
    void trace(const Any&...) const {}
};

}  // namespace LARDER_NAMESPACE::valkey
