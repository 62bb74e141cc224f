#include "health_page.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

#include "admin/server.hpp"

namespace LARDER_NAMESPACE::admin {

namespace asio = boost::asio;

namespace {

class live : public endpoint {
public:
    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request&) const override {
        co_return answer_of_life();
    }
};

// Workers ask the observer on its own thread.
class ready : public endpoint {
public:
    ready(asio::io_context& io, observer& of) : io_(io), observer_(of) {}

    awaitable<http::response> answer(services&, std::string_view,
                                     const http::request&) const override {
        auto asked = asio::co_spawn(io_, observer_.health(), asio::use_awaitable);
        const auto about = co_await std::move(asked);
        co_return answer_of_readiness(about);
    }

private:
    asio::io_context& io_;
    observer& observer_;
};

}  // namespace

std::vector<health_page> health_pages(asio::io_context& io, observer& of) {
    std::vector<health_page> pages;
    pages.push_back({"/health/live", std::make_unique<live>()});
    pages.push_back({"/health/ready", std::make_unique<ready>(io, of)});
    return pages;
}

}  // namespace LARDER_NAMESPACE::admin
