// The program `orders`.
#include "check/command.hpp"
#include "commit.hpp"
#include "larder/program.hpp"
#include "orders.hpp"
#include "sample/command.hpp"

int main(int argc, char** argv) {
    return larder::program::run(
        {.name = "orders",
         .version = LARDER_VERSION,
         .commit = larder_commit,
         .summary = "Counts orders over HTTP, from PostgreSQL, cached in Valkey.",
         .serves = "Serve GET /count and POST /add/",
         .about = "Counts and adds orders in PostgreSQL, with the counts cached in Valkey. GET "
                  "paths answer HEAD as well, and every path OPTIONS. Unknown members are ignored, "
                  "and a string that holds an integer or an amount is taken for one.",
         .entry = "a count",
         .database = orders::default_database,
         .add_routes = orders::add_routes,
         .commands = {{.name = "load-sample",
                       .summary = "Create the sample database PG_DATABASE on PG_SERVICE_URI",
                       .define = orders::define_load_sample,
                       .before = "openapi"},
                      {.name = "check",
                       .summary =
                           "Write and read through running instances, and check every answer",
                       .define = orders::check::define}}},
        argc, argv);
}
