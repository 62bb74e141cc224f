// The program of a service: its commands and flags, what the environment sets, the log, the
// signals. In the library larder::program, which needs CLI11.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "larder/pg/conninfo.hpp"
#include "larder/pg/pool.hpp"

// NOLINTBEGIN(readability-identifier-naming): CLI11's
namespace CLI {
class App;
}
// NOLINTEND(readability-identifier-naming)

namespace LARDER_NAMESPACE {
class app;
}

namespace LARDER_NAMESPACE::program {

/// A variable or a flag that is set to what it cannot be. `what()` is one sentence that names it,
/// and never a password.
class setting_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Runs a command once its flags are read; returns the exit status.
using action = std::function<int()>;

/// A command of the program's own, beside those of every service.
struct command {
    std::string name;                         ///< `load-sample`
    std::string summary;                      ///< in the help
    std::function<action(CLI::App&)> define;  ///< adds its flags; called once, whatever is run
    std::string before = {};                  ///< the command that it precedes; empty: it is last
};

/// What is one program's own.
struct description {
    std::string name;                   ///< `orders`; then ORDERS_PORT stands for the flag --port
    std::string version = "0.0.0";      ///< for --version, and in the docs
    std::string commit = {};            ///< for --version: what it was built from; empty: unknown
    std::string summary;                ///< a sentence, in the help: what it does
    std::string serves = "Serve HTTP";  ///< of the command serve, in the help
    std::string about;                  ///< a paragraph in the docs, in Markdown
    std::string entry = "an entry";     ///< what the cache keeps, in the help: `a count`
    std::string database = "postgres";  ///< the one that is used unless PG_DATABASE names another
    /// The answers' text while PG_SERVICE_URI or VALKEY_SERVICE_URI is not set.
    std::string no_source =
        "Internal server error. Database not specified - environment variable PG_SERVICE_URI is "
        "empty/unset";
    std::string no_shared =
        "Internal server error. Valkey service not specified - environment variable "
        "VALKEY_SERVICE_URI is empty/unset";
    std::function<void(app&)> add_routes;
    std::vector<command> commands = {};
};

/// The whole of a main(): the commands `serve`, `openapi`, `cache` and `follow`, and the program's
/// own.
///
///     int main(int argc, char** argv) {
///         return larder::program::run({.name = "films", .add_routes = add_routes}, argc, argv);
///     }
///
/// Shape    returns the exit status: 0; 64 for a command or a flag that there is not, 69 for what
///          is unavailable, 78 for a setting_error, 1 for any other failure. `films serve --help`
///          lists the flags and the variables.
/// Errors   none: each is one sentence on standard error, or in the log, if that is JSON. Of a
///          pg::error that a command throws it is detail().
/// Threads  once a process. SIGPIPE and SIGXFSZ are ignored from then on.
int run(const description& of, int argc, char** argv);

/// The server in PG_SERVICE_URI, with the database that PG_DATABASE names, or else `database`;
/// nothing if PG_SERVICE_URI is unset or empty. Throws setting_error, also for a parameter that
/// libpq would refuse whenever it connects.
std::optional<pg::conninfo> source_from_environment(const std::string& database);

/// Runs `work` with connections to that server, for a command of the program's own: returns when it
/// is over. What it throws goes on; setting_error where PG_SERVICE_URI is unset or empty.
void with_source(const std::string& database,
                 const std::function<boost::asio::awaitable<void>(pg::pool&)>& work);

}  // namespace LARDER_NAMESPACE::program
