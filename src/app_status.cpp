// How the instances of an app are, by what each tells of itself in Valkey.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <sstream>
#include <utility>

#include "admin/cache_names.hpp"
#include "admin/instances.hpp"
#include "app_state.hpp"
#include "cache/notes.hpp"
#include "larder/json.hpp"
#include "valkey/asker.hpp"

namespace LARDER_NAMESPACE {

namespace asio = boost::asio;

namespace {

task<admin::instances_report> ask_for_instances(valkey::asker& by,
                                                std::vector<std::string> families) {
    std::vector<valkey::command> for_names;
    for_names.push_back({"GET", cache::instances_of(families)});
    const auto known = co_await by.ask(std::move(for_names));
    std::vector<valkey::command> questions;
    std::istringstream names{known.front().text};
    for (std::string name; std::getline(names, name) && questions.size() < cache::most_instances;)
        questions.push_back({"GET", cache::instance_key(families, name)});
    admin::instances_report all;
    if (questions.empty()) co_return all;
    const auto said = co_await by.ask(std::move(questions));
    for (const auto& one : said)
        if (auto instance = admin::read_instance(one.text))
            all.instances.push_back(std::move(*instance));
    std::ranges::sort(all.instances, {}, &admin::instance_status::instance);
    co_return all;
}

struct watching {
    bool watches, as_json;
    const std::function<bool(const std::string& text)>& show;
    bool found_any = false;
};

// Whether it is to go on.
asio::awaitable<bool> show_once(watching& how, valkey::asker& by,
                                const std::vector<std::string>& families) {
    std::string text;
    try {
        auto asking = as_awaitable(by.home(), ask_for_instances(by, families));
        const auto found = co_await std::move(asking);
        how.found_any = how.found_any || !found.instances.empty();
        text = how.as_json ? json::text(found) + '\n' : admin::text_of(found);
    } catch (const cache_error& e) {
        if (!how.watches) throw;
        text = std::string{e.what()} + '\n';
    }
    co_return how.show(text) && how.watches;
}

asio::awaitable<void> watch(watching& how, valkey::asker& by, std::vector<std::string> families) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer second{executor};
    auto connecting = as_awaitable(by.home(), by.connect());
    co_await std::move(connecting);
    bool goes_on = true;
    while (goes_on) {
        second.expires_after(std::chrono::seconds{1});
        goes_on = co_await show_once(how, by, families);
        if (goes_on) co_await second.async_wait(asio::use_awaitable);
    }
}

}  // namespace

bool app::show_status(bool watches, bool as_json,
                      const std::function<bool(const std::string& text)>& show) {
    const auto& o = state_->options;
    auto families = admin::cache_names{state_->keys, o.cache_prefix}.full_names();
    asio::io_context io{1};
    valkey::asker by{io.get_executor(), o.shared.value_or(valkey::client_options{})};
    asio::signal_set ends{io};
    if (watches) {
        ends.add(SIGINT);
        ends.add(SIGTERM);
        ends.async_wait([&](boost::system::error_code, int) { io.stop(); });
    }
    watching how{watches, as_json, show};
    std::exception_ptr why_not;
    asio::co_spawn(io, watch(how, by, std::move(families)), [&](const std::exception_ptr& failed) {
        why_not = failed;
        io.stop();
    });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
    return how.found_any;
}

}  // namespace LARDER_NAMESPACE
