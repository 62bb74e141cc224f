#include "program/cache_commands.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "larder/process_log.hpp"
#include "program/output.hpp"
#include "program/settings.hpp"
#include "program/statuses.hpp"

namespace larder::program {

namespace {

struct cache_flags {
    std::vector<std::string> keys;
    std::string key, family;
    bool as_json = false;
};

// Without names a purge is one of everything, which the source has to say whose it is then.
int look_after(const description& of, const complaints& to, app_options options, cache_command what,
               const std::vector<std::string>& names, bool as_json) {
    const bool takes_over = what == cache_command::purge && names.empty();
    if (takes_over && !options.source) throw setting_error(no_source_uri);
    if (!options.shared) throw setting_error(no_cache_uri);
    process_log::set_level("error");  // why not is thrown, and said once
    app at{std::move(options)};
    of.add_routes(at);
    try {
        const auto answer = at.look_after_cache(what, names, as_json);
        return print(answer.text, to, answer.is_positive ? 0 : 1);
    } catch (const std::invalid_argument& e) {
        to.say(e.what());
        return status_usage;
    } catch (const cache_error& e) {
        to.say(e.what());
        return e.is_refused() ? 1 : status_unavailable;
    }
}

}  // namespace

action define_cache_commands(CLI::App& caching, const description& of, const complaints& to,
                             std::function<app_options()> options) {
    caching.require_subcommand(1);
    const auto flags = std::make_shared<cache_flags>();
    const auto add = [&](const char* name, const char* what) {
        auto* one = caching.add_subcommand(name, what);
        one->add_flag("--json", flags->as_json, "One line of JSON");
        return one;
    };
    const auto* getting =
        add("get",
            "Show what Valkey has under a key, as num_orders:7; exits with 1 if that is nothing");
    const auto* counting =
        add("stats", "Count the entries of each family, by a walk over all keys in Valkey");
    const auto* invalidating =
        add("invalidate", "Have all instances forget what is under the keys, and load it anew");
    const auto* purging = add(
        "purge",
        "Delete all entries in Valkey, and take the cache over for PG_DATABASE on PG_SERVICE_URI: "
        "after it was restored, say, or took another one's place. Of a family: only its entries");
    const auto* trusting =
        add("trust", "Say whether what Valkey has is trusted, and why; exits with 1 if it is not");
    caching.get_subcommand("get")->add_option("KEY", flags->key, "As the log has it")->required();
    caching.get_subcommand("invalidate")
        ->add_option("KEY", flags->keys, "Likewise; several")
        ->required();
    caching.get_subcommand("purge")->add_option("FAMILY", flags->family, "num_orders, say");
    return [=, &of, &to, options = std::move(options)] {
        auto all = options();
        const auto run = [&](cache_command what, const std::vector<std::string>& names) {
            return look_after(of, to, std::move(all), what, names, flags->as_json);
        };
        if (getting->parsed()) return run(cache_command::get, {flags->key});
        if (counting->parsed()) return run(cache_command::stats, {});
        if (invalidating->parsed()) return run(cache_command::invalidate, flags->keys);
        if (trusting->parsed()) return run(cache_command::trust, {});
        if (purging->count("FAMILY") > 0) return run(cache_command::purge, {flags->family});
        return run(cache_command::purge, {});
    };
}

}  // namespace larder::program
