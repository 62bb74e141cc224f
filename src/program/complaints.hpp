// Errors, of a start or a command.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "larder/process_log.hpp"

namespace LARDER_NAMESPACE::program {

/// They go the way of the log: whoever does not read them stops nothing.
class complaints {
public:
    complaints(const std::string& program, process_log& log, bool as_json)
        : program_(program), log_(log), as_json_(as_json) {}
    /// A sentence.
    void say(const std::string& sentence) const {
        if (as_json_) spdlog::critical("{}", sentence);
        else log_.say(program_ + ": " + sentence + "\n");
    }
    /// Lines, as CLI11 has them.
    void say_usage(const std::string& lines) const {
        if (as_json_) spdlog::critical("{}", lines.substr(0, lines.find('\n')));
        else log_.say(lines);
    }

private:
    const std::string& program_;
    process_log& log_;
    const bool as_json_;
};

}  // namespace LARDER_NAMESPACE::program
