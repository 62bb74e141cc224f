#include "program/status_command.hpp"

#include <unistd.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "larder/process_log.hpp"
#include "program/output.hpp"
#include "program/settings.hpp"
#include "program/statuses.hpp"

namespace larder::program {

namespace {

struct status_flags {
    bool watches = false, as_json = false;
};

// From the top of the screen, without what was there.
constexpr std::string_view repaint = "\x1b[H\x1b[2J";

}  // namespace

action define_status_command(CLI::App& showing, const description& of, const complaints& to,
                             std::function<app_options()> options) {
    const auto flags = std::make_shared<status_flags>();
    showing.add_flag("--watch", flags->watches, "Again each second, until Ctrl-C");
    showing.add_flag("--json", flags->as_json, "One line of JSON");
    return [=, &of, &to, options = std::move(options)] {
        auto all = options();
        if (!all.shared) throw setting_error(no_cache_uri);
        process_log::set_level("error");  // why not is thrown or shown
        app at{std::move(all)};
        of.add_routes(at);
        const bool repaints = flags->watches && !flags->as_json && ::isatty(STDOUT_FILENO) == 1;
        int printed = 0;
        const auto show = [&](const std::string& text) {
            printed = print(repaints ? std::string{repaint} + text : text, to);
            return printed == 0;
        };
        try {
            const bool found_any = at.show_status(flags->watches, flags->as_json, show);
            if (printed != 0) return printed;
            return found_any || flags->watches ? 0 : 1;
        } catch (const cache_error& e) {
            to.say(e.what());
            return e.is_refused() ? 1 : status_unavailable;
        }
    };
}

}  // namespace larder::program
