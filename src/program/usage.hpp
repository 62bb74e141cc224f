// What the help says, as data: completions and the manual page are made from it, so that a command
// or a flag is written down once.
#pragma once

#include <CLI/App.hpp>

#include <string>
#include <vector>

#include "larder/program.hpp"
#include "program/complaints.hpp"

namespace larder::program {

struct usage_flag {
    std::vector<std::string> names;    ///< `--access-log`, `--no-access-log`; none: an argument
    std::string value;                 ///< `FILE`; empty: takes none
    std::vector<std::string> choices;  ///< all that it may be; none: anything
    bool repeats = false;
    bool is_required = false;
    std::string initially;  ///< the default, if it has one
    std::string text;
};

struct usage {
    std::string name;  ///< `purge`
    std::string path;  ///< ` cache purge`: what is behind the program's name
    std::string text, footer;
    std::vector<usage_flag> flags;
    std::vector<usage> commands;
};

usage usage_of(const CLI::App& program);

/// For bash, with nothing else loaded: `source <(orders completion bash)`.
std::string bash_completion(const usage& of);

/// For zsh, sourced after compinit, or as the file `_orders` in a folder of its `fpath`.
std::string zsh_completion(const usage& of);

/// The manual page in man(7)'s macros.
std::string manual_page(const usage& of, const description& about);

/// Adds the commands `completion` and `man`. What is returned prints what the one that was parsed
/// asks for.
action define_usage_commands(CLI::App& program, const description& of, const complaints& to);

}  // namespace larder::program
