#include "feed.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace larder::http {

namespace asio = boost::asio;

feed::feed(asio::io_context& io, std::size_t most_listeners, std::function<void()> begins)
    : most_(most_listeners),
      begins_(std::move(begins)),
      said_(io, asio::steady_timer::time_point::max()) {}

void feed::say(std::string_view data) {
    last_ = std::make_shared<const std::string>("data: " + std::string{data} + "\n\n");
    ++number_;
    said_.cancel();
}

void feed::end() {
    has_ended_ = true;
    said_.cancel();
}

feed::listener::listener(feed& of) : of_(of) {
    if (++of_.listeners_ == 1) of_.begins_();
}

// What was said then would be old when somebody comes.
feed::listener::~listener() {
    if (--of_.listeners_ == 0) of_.last_.reset();
}

void feed::listener::leave() {
    has_left_ = true;
    of_.said_.cancel();
}

asio::awaitable<std::shared_ptr<const std::string>> feed::listener::next() {
    while (!of_.has_ended_ && !has_left_ && (!of_.last_ || heard_ == of_.number_))
        co_await of_.said_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (of_.has_ended_ || has_left_) co_return nullptr;
    heard_ = of_.number_;
    co_return of_.last_;
}

}  // namespace larder::http
