#include "sample/command.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <memory>

#include "orders.hpp"
#include "sample/load_sample.hpp"

namespace orders {

namespace {

int load_into_source(load_sample_options how) {
    const auto server = larder::program::source_from_environment(default_database);
    if (!server)
        throw larder::program::setting_error(
            "PG_SERVICE_URI is empty/unset: it says which server to load");
    how.server = server->all();
    how.database = server->get("dbname");
    return load_sample(how);
}

}  // namespace

larder::program::action define_load_sample(CLI::App& loading) {
    const auto how = std::make_shared<load_sample_options>();
    loading.add_option("--orders", how->orders, "How many orders")
        ->check(CLI::Range(std::int64_t{0}, max_sample_orders))
        ->capture_default_str();
    loading.add_flag("--reset", how->reset, "Drop the sample's tables first, if they are there");
    return [how] { return load_into_source(*how); };
}

}  // namespace orders
