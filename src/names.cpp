#include "names.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

namespace {

using addresses = look_up::addresses;

struct finding {
    addresses all = {};    // each once, in order; none if nobody knows the name
    std::string why = {};  // there is none
};

// Takes as long as the name servers do.
finding addresses_of(const std::string& name) {
    const addrinfo wanted{.ai_socktype = SOCK_STREAM};
    addrinfo* list = nullptr;
    const int failed = ::getaddrinfo(name.c_str(), nullptr, &wanted, &list);
    if (failed != 0)
        return {.why = failed == EAI_SYSTEM ? std::generic_category().message(errno)
                                            : ::gai_strerror(failed)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned{list, &::freeaddrinfo};
    addresses all;
    for (const auto* one = list; one; one = one->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                          NI_NUMERICHOST) == 0)
            all.emplace_back(text.data());
    }
    std::ranges::sort(all);
    const auto repeated = std::ranges::unique(all);
    all.erase(repeated.begin(), repeated.end());
    return {.all = std::move(all)};
}

}  // namespace

// Of the thread that asks.
struct look_up::asker {
    asker(const asio::any_io_executor& executor, std::chrono::steady_clock::time_point deadline)
        : over(executor, deadline) {}
    asio::steady_timer over;
    std::optional<finding> told;
};

// A look-up cannot be called off, and one that nobody answers lasts far longer than anybody waits
// here. So there is one of a name at a time in the process, whoever asks meanwhile, in a thread
// that nobody has to wait for. Asio's own would queue behind it, and keep the worker from its end.
class look_up::all {
public:
    using asker_ptr = std::shared_ptr<asker>;

    static all& of_process() {
        static auto* const one = new all;  // threads may be under way at the end
        return *one;
    }

    void ask(const std::string& name, const asker_ptr& who) {
        const std::lock_guard lock{mutex_};
        const auto [entry, is_first] = asking_.try_emplace(name);
        entry->second.push_back(who);
        if (!is_first) return;
        try {
            std::thread{[this, name] { tell(name, addresses_of(name)); }}.detach();
        } catch (const std::system_error&) {  // no thread can be started
            asking_.erase(entry);
        }
    }

    // It is told nothing any more: its executor may end.
    void leave(const std::string& name, const asker_ptr& who) {
        const std::lock_guard lock{mutex_};
        if (const auto entry = asking_.find(name); entry != asking_.end())
            std::erase(entry->second, who);
    }

private:
    void tell(const std::string& name, const finding& found) {
        const std::lock_guard lock{mutex_};
        for (const auto& who : asking_.at(name))
            asio::post(who->over.get_executor(), [who, found] {
                who->told = found;
                who->over.cancel();
            });
        asking_.erase(name);
    }

    std::mutex mutex_;
    std::map<std::string, std::vector<asker_ptr>> asking_;
};

look_up::look_up(asio::any_io_executor executor) : executor_(std::move(executor)) {}
look_up::~look_up() = default;

void look_up::cancel() {
    if (waiting_) waiting_->over.cancel();
}

asio::awaitable<std::optional<addresses>> look_up::find(
    std::string name, std::chrono::steady_clock::time_point deadline) {
    const auto me = std::make_shared<asker>(executor_, deadline);
    all::of_process().ask(name, me);
    struct leaving {
        ~leaving() { all::of_process().leave(name, who); }
        const std::string& name;
        const std::shared_ptr<asker>& who;
    } const at_the_end{name, me};
    waiting_ = me;
    co_await me->over.async_wait(asio::as_tuple(asio::use_awaitable));
    waiting_ = nullptr;
    if (!me->told) co_return std::nullopt;
    why_ = std::move(me->told->why);
    co_return std::move(me->told->all);
}

}  // namespace LARDER_NAMESPACE
