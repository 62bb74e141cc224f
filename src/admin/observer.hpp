// Asks the workers of a process how they are. Private to larder.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/figures.hpp"
#include "admin/health.hpp"
#include "admin/metrics.hpp"
#include "larder/app.hpp"
#include "larder/cache/own_writes.hpp"
#include "pg/logins.hpp"
#include "routes.hpp"
#include "trace/recorder.hpp"
#include "worker.hpp"

namespace larder::admin {

/// Each worker is asked on its own thread, so nothing of it is read by another one. The counters of
/// one that does not answer within two seconds are as they were before.
///
/// Threads  the executor's, which is none of the workers'.
/// Cost     at most four questions a second, to PostgreSQL as well, however often it is asked.
class observer {
public:
    struct process {
        const app_options& options;
        const larder::routes& routes;
        const std::vector<std::unique_ptr<worker>>& workers;
        const cache::own_writes& own;
        const pg::logins& logins;
        const trace::recorder* traces;  ///< null: there is none
        std::string_view not_set_up;
    };

    observer(boost::asio::io_context& io, process all);
    observer(const observer&) = delete;
    observer& operator=(const observer&) = delete;

    void has_started() { has_started_ = true; }
    void is_stopping() { is_stopping_ = true; }
    /// The workers have ended: nobody is asked any more.
    void end();

    boost::asio::awaitable<report> health();
    boost::asio::awaitable<observation> observe();
    /// The same without a question to PostgreSQL, which is there if its listener hears it.
    struct glance_at {
        std::string_view version;
        report about;
        std::vector<worker_figures> workers;  ///< the last known
        bool counts_requests = false;
    };
    boost::asio::awaitable<glance_at> glance();
    /// What is kept in Valkey for other processes of operators.
    void tell_valkey(const std::string& name, std::string text);

private:
    struct gathering;
    struct going_on;

    boost::asio::awaitable<void> examine();
    boost::asio::awaitable<void> gather(bool asks_source);
    boost::asio::awaitable<void> until_nobody_gathers();
    void ask(std::size_t which);
    void ask_source();
    condition at() const;

    boost::asio::io_context& io_;
    const process process_;
    bool has_started_ = false, is_stopping_ = false, has_ended_ = false;
    std::vector<std::optional<worker_figures>> workers_;  // as of the last time
    std::vector<worker_figures> known_;                   // the last answer of each
    source_answer source_;
    std::optional<std::chrono::steady_clock::time_point> examined_at_;
    std::shared_ptr<gathering> gathering_;  // while it goes on
    boost::asio::steady_timer over_;        // ends when it does, or its time
};

}  // namespace larder::admin
