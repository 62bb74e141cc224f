#include "program/usage.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <memory>

#include "program/output.hpp"

namespace larder::program {

namespace {

// CLI11 has them as `TEXT:{text,json}`.
std::vector<std::string> choices_in(const std::string& type) {
    std::vector<std::string> choices;
    const auto first = type.find('{'), last = type.rfind('}');
    if (first == std::string::npos || last == std::string::npos) return choices;
    for (auto at = first + 1; at <= last;) {
        const auto end = type.find_first_of(",}", at);
        choices.push_back(type.substr(at, end - at));
        at = end + 1;
    }
    return choices;
}

// A list that is empty says nothing, and one of one value is that value.
std::string default_of(const CLI::Option& option) {
    auto text = option.get_default_str();
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    return text;
}

usage_flag flag_of(const CLI::Option& option) {
    usage_flag flag{.repeats = option.get_expected_max() > 1,
                    .is_required = option.get_required(),
                    .text = option.get_description()};
    for (const auto& name : option.get_snames()) flag.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) flag.names.push_back("--" + name);
    if (option.get_items_expected_max() == 0) return flag;
    const auto type = option.get_type_name();
    flag.value = type.substr(0, type.find(':'));
    if (flag.names.empty()) flag.value = option.get_name();
    flag.choices = choices_in(type);
    flag.initially = default_of(option);
    return flag;
}

usage usage_of(const CLI::App& command, const std::string& path) {
    usage all{.name = command.get_name(),
              .path = path,
              .text = command.get_description(),
              .footer = command.get_footer()};
    for (const auto* option : command.get_options()) all.flags.push_back(flag_of(*option));
    for (const auto* one : command.get_subcommands({}))
        all.commands.push_back(usage_of(*one, path + " " + one->get_name()));
    return all;
}

}  // namespace

usage usage_of(const CLI::App& program) { return usage_of(program, ""); }

action define_usage_commands(CLI::App& program, const description& of, const complaints& to) {
    auto* completing = program.add_subcommand(
        "completion", "Print what lets a shell complete commands and flags: source <(" + of.name +
                          " completion bash)");
    completing->require_subcommand(1);
    const auto* bash = completing->add_subcommand("bash", "For bash");
    const auto* zsh = completing->add_subcommand("zsh", "For zsh");
    const auto* manual =
        program.add_subcommand("man", "Print the manual page: " + of.name + " man | man -l -");
    return [&program, &of, &to, bash, zsh, manual] {
        const auto all = usage_of(program);
        std::string text;
        if (manual->parsed()) text = manual_page(all, of);
        else if (bash->parsed()) text = bash_completion(all);
        else if (zsh->parsed()) text = zsh_completion(all);
        return print(text, to);
    };
}

}  // namespace larder::program
