// A command of a program's own with connections to PostgreSQL.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "larder/process_log.hpp"
#include "larder/program.hpp"
#include "program/settings.hpp"

namespace LARDER_NAMESPACE::program {

void with_source(const std::string& database,
                 const std::function<boost::asio::awaitable<void>(pg::pool&)>& work) {
    auto server = source_from_environment(database);
    if (!server)
        throw setting_error("PG_SERVICE_URI is empty/unset: it says which server is meant");
    process_log::set_level("error");  // why not is thrown, and said once
    const auto waits = source_deadline_from_environment();
    boost::asio::io_context io{1};
    pg::pool source{
        io.get_executor(),
        {.server = std::move(*server), .connect_timeout = waits, .acquire_timeout = waits}};
    std::exception_ptr why_not;
    boost::asio::co_spawn(io, work(source), [&](const std::exception_ptr& failed) {
        why_not = failed;
        source.close();
    });
    io.run();
    if (why_not) std::rethrow_exception(why_not);
}

}  // namespace LARDER_NAMESPACE::program
