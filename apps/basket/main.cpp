// The program `basket`.
#include "basket.hpp"
#include "commit.hpp"
#include "larder/program.hpp"
#include "load_sample.hpp"

int main(int argc, char** argv) {
    return larder::program::run(
        {.name = "basket",
         .version = LARDER_VERSION,
         .commit = larder_commit,
         .summary = "Prices baskets over HTTP, from PostgreSQL, cached in Valkey.",
         .about = "What is in a basket and what it costs, with a voucher's discount and the tax.",
         .entry = "a value",
         .database = baskets::default_database,
         .add_routes = baskets::add_routes,
         .commands = {{.name = "load-sample",
                       .summary = "Create the sample's tables in PG_DATABASE on PG_SERVICE_URI",
                       .define = baskets::define_load_sample,
                       .before = "openapi"}}},
        argc, argv);
}
