// Variables from a file: the flag --env-file.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "larder/program.hpp"

namespace LARDER_NAMESPACE::program {

/// `NAME=value` a line, as systemd's EnvironmentFile has it: blank lines, and lines that begin with
/// `#` or `;`, say nothing. A value may be in '' (as it is, also over several lines) or in ""
/// (where a backslash stands before `"`, `\`, `$` and a backquote); in one that is in neither, a
/// backslash stands before any character, and a `#` is one. Of two of a name the later one counts.
///
/// Errors   setting_error, which names the file and the line and never a value.
std::map<std::string, std::string> variables_in(std::string_view text, const std::string& file);

/// Sets what is in the files that the command line names, or else the variable ORDERS_ENV_FILE (for
/// the prefix `ORDERS_`), and what the environment does not have yet. Of several files the later
/// one counts.
///
/// Errors   setting_error, also where a file cannot be read.
/// Threads  before there is a second one.
void take_env_files(const std::vector<std::string>& command_line, const std::string& prefix);

/// Adds the flag, for the help and the parser, to every command below `command` that does
/// something.
void add_env_file_flag(CLI::App& command, std::vector<std::string>& files);

}  // namespace LARDER_NAMESPACE::program
