// `orders check`: its flags, and what it does with them.
#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <string>
#include <vector>

#include "check/checker.hpp"

namespace orders::check {

struct command_flags {
    std::int64_t seconds = 10;
    std::int64_t write_pause = 0, timeout = 2'000, settle = 5'000, allowed_stale = 0;  // ms
    std::vector<std::string> urls{"http://127.0.0.1:8000"};
    bool as_json = false;
    options how;
};

void add_flags(CLI::App& checking, command_flags& flags);

/// The exit status. Throws setting_error.
int run(const command_flags& flags);

}  // namespace orders::check
