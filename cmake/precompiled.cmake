# What others wrote and most sources include, parsed once a build where many sources are compiled.
# Sources include what they need all the same: the presets tidy and apart go without these.
set(LARDER_STD_HEADERS
    <algorithm> <array> <atomic> <charconv> <chrono> <cstdint> <cstdio> <cstdlib> <cstring> <deque>
    <exception> <functional> <limits> <list> <map> <memory> <mutex> <optional> <random> <set>
    <span> <stdexcept> <string> <string_view> <system_error> <thread> <utility> <variant> <vector>)
set(LARDER_NET_HEADERS
    <boost/asio/any_io_executor.hpp> <boost/asio/as_tuple.hpp> <boost/asio/awaitable.hpp>
    <boost/asio/co_spawn.hpp> <boost/asio/detached.hpp> <boost/asio/io_context.hpp>
    <boost/asio/ip/tcp.hpp> <boost/asio/local/stream_protocol.hpp> <boost/asio/post.hpp>
    <boost/asio/signal_set.hpp> <boost/asio/ssl/context.hpp> <boost/asio/ssl/stream.hpp>
    <boost/asio/steady_timer.hpp> <boost/asio/use_awaitable.hpp> <boost/asio/write.hpp>
    <boost/describe/class.hpp> <boost/mp11/algorithm.hpp> <spdlog/spdlog.h> <libpq-fe.h>)
