// What an app has, for the sources that are parts of it. Private to larder.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/certificates.hpp"
#include "http/listener.hpp"
#include "larder/app.hpp"
#include "larder/cache/own_writes.hpp"
#include "pg/logins.hpp"
#include "routes.hpp"
#include "trace/recorder.hpp"
#include "worker.hpp"

namespace LARDER_NAMESPACE {

struct app::state {
    explicit state(app_options o)
        : options(std::move(o)),
          logins(std::make_shared<pg::logins>(
              options.source.value_or(pg::pool_options{}).max_of_process)) {
        if (options.traces) traces.emplace(*options.traces);
    }

    std::string_view not_ready() const {
        if (!options.shared) return options.no_shared;
        if (!options.source) return options.no_source;
        return {};
    }
    void make_workers(http::acceptor listening);
    void stop(boost::asio::steady_timer& drain);
    void stop_workers();
    void cut_off();
    void renew();
    void say_ready(const std::string& url) const;
    int finish();
    void abandon();

    app_options options;
    larder::routes routes;
    std::vector<openapi::operation> operations;
    std::string document;
    cached_families families;
    std::vector<cache::key> keys;  // of those
    std::vector<followed> dependencies;
    heard_channels channels;
    cache::own_writes own;
    std::shared_ptr<pg::logins> logins;
    larder::traffic traffic;
    std::optional<http::certificates> tls;
    std::optional<trace::recorder> traces;
    std::vector<std::unique_ptr<worker>> workers;
    bool stopping = false;
    bool waits_to_stop = false;  // until app_options::drain_delay is over
};

}  // namespace LARDER_NAMESPACE
