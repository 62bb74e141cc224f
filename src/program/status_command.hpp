// The command `status`: all instances that share a Valkey.
#pragma once

#include <CLI/App.hpp>

#include <functional>

#include "larder/app.hpp"
#include "larder/program.hpp"
#include "program/complaints.hpp"

namespace LARDER_NAMESPACE::program {

/// Adds its flags. What is returned runs it, with what `options` makes of the environment.
action define_status_command(CLI::App& showing, const description& of, const complaints& to,
                             std::function<app_options()> options);

}  // namespace LARDER_NAMESPACE::program
