#include "larder/pg/notifications.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <deque>
#include <stdexcept>
#include <utility>

#include "connection.hpp"
#include "logins.hpp"

namespace LARDER_NAMESPACE::pg {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

namespace {

constexpr std::size_t longest_name = 63;

std::string quoted(const std::string& name) {
    std::string text{'"'};
    for (const char c : name) text.append(c == '"' ? 2 : 1, c);
    return text += '"';
}

}  // namespace

// PostgreSQL cuts longer names off where they are heard, and refuses them where they are told.
void expect_channel(const std::string& name) {
    const bool is_name =
        !name.empty() && name.size() <= longest_name && name.find('\0') == std::string::npos;
    if (!is_name)
        throw std::invalid_argument("the name of a channel has 1 to 63 bytes, and none is NUL");
    if (name == notification_channel || name == notification_channel + std::string{"_rows"})
        throw std::invalid_argument("the channel " + name + " is larder's own");
}

struct notifications::state {
    state(asio::any_io_executor e, pool_options o, std::vector<std::string> names,
          std::shared_ptr<logins> l)
        : executor(std::move(e)),
          options(kept_alive(std::move(o))),
          channels(std::move(names)),
          shared(l ? std::move(l) : std::make_shared<logins>()),
          pause(executor) {}

    asio::awaitable<void> begin();
    asio::awaitable<void> hear();

    const asio::any_io_executor executor;
    const pool_options options;
    const std::vector<std::string> channels;
    const std::shared_ptr<logins> shared;
    asio::steady_timer pause;
    std::unique_ptr<connection> on;
    bool listens = false;
    bool stopped = false;
    std::deque<notification> heard;
};

// A pooler would go on listening for whoever has that connection to the server next.
asio::awaitable<void> notifications::state::begin() {
    on = std::make_unique<connection>(executor, options);
    auto served_last = shared->served_last();
    try {
        co_await on->connect(std::move(served_last), 0);
    } catch (const error& e) {
        shared->was_refused(e);
        throw;
    }
    shared->was_accepted(on->at());
    if (on->is_pooled())
        throw error(failure::rejected, "a pooler is in between, where nobody can LISTEN");
    const parameters none;
    for (const auto& name : channels) {
        const auto sql = "LISTEN " + quoted(name);
        co_await on->execute({sql}, none, framing::bare);
        heard.push_back({name, {}});
    }
    listens = true;
}

asio::awaitable<void> notifications::state::hear() {
    static constexpr statement are_you_there{"SELECT 1", true};
    const parameters none;
    co_await on->listen(asked_every);
    if (on->heard_at() + asked_every <= clock::now()) co_await on->execute(are_you_there, none);
    for (auto& one : on->notifications()) heard.push_back(std::move(one));
}

notifications::notifications(asio::any_io_executor executor, pool_options options,
                             std::vector<std::string> channels, std::shared_ptr<logins> shared)
    : state_(std::make_shared<state>(std::move(executor), std::move(options), std::move(channels),
                                     std::move(shared))) {
    for (const auto& name : state_->channels) expect_channel(name);
}

notifications::~notifications() { stop(); }

asio::awaitable<std::optional<notification>> notifications::next() {
    const auto s = state_;
    for (;;) {
        if (s->stopped) co_return std::nullopt;
        if (!s->heard.empty()) {
            auto next = std::move(s->heard.front());
            s->heard.pop_front();
            co_return next;
        }
        try {
            if (s->listens) co_await s->hear();
            else if (!s->shared->has_to_wait()) co_await s->begin();
            if (s->listens) continue;
        } catch (const error& e) {
            s->listens = false;
            s->heard.clear();  // it begins anew, which tells more
            if (e.kind() == failure::rejected && !s->stopped) throw;
        }
        if (s->stopped) continue;
        s->pause.expires_after(again_after);
        co_await s->pause.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void notifications::stop() {
    state_->stopped = true;
    state_->pause.cancel();
    if (state_->on) state_->on->interrupt();
}

}  // namespace LARDER_NAMESPACE::pg
