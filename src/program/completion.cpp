// Completions of commands and flags.
#include <algorithm>
#include <cctype>
#include <functional>

#include "program/usage.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

std::string spaced(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& one : words) text += (text.empty() ? "" : " ") + one;
    return text;
}

std::string function_name(const std::string& program) {
    auto name = "_" + program;
    for (auto& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    return name;
}

void for_each(const usage& of, const std::function<void(const usage&)>& what) {
    what(of);
    for (const auto& one : of.commands) for_each(one, what);
}

// ---- bash ----

std::string bash_words(const usage& of) {
    std::vector<std::string> words;
    words.reserve(of.commands.size());
    for (const auto& one : of.commands) words.push_back(one.name);
    for (const auto& flag : of.flags)
        words.insert(words.end(), flag.names.begin(), flag.names.end());
    return spaced(words);
}

// What may stand behind a flag: a case of `<path> <flag>`.
std::string bash_value(const usage& of, const usage_flag& flag) {
    std::string patterns;
    for (const auto& name : flag.names)
        patterns += (patterns.empty() ? "'" : " | '") + of.path + " " + name + "'";
    std::string what;
    if (!flag.choices.empty()) what = "say -W '" + spaced(flag.choices) + "' ;;";
    else if (flag.value == "FILE") what = "compopt -o filenames 2>/dev/null || :; say -f ;;";
    else if (flag.value == "FOLDER") what = "compopt -o filenames 2>/dev/null || :; say -d ;;";
    else what = ";;";
    return "        " + patterns + ") " + what + "\n";
}

// ---- zsh ----

// Inside '': a quotation mark ends it, stands for itself and begins it anew.
std::string zsh_quoted(const std::string& text, const std::string& special) {
    std::string out;
    for (const char c : text) {
        if (c == '\'') out += "'\\'";
        if (special.find(c) != std::string::npos) out += '\\';
        out += c;
    }
    return out;
}

std::string zsh_flag(const usage_flag& flag) {
    std::string lines;
    if (flag.names.empty())
        return std::string{"        '"} +
               (flag.repeats       ? "*:"
                : flag.is_required ? ":"
                                   : "::") +
               flag.value + ": ' \\\n";
    for (const auto& name : flag.names) {
        lines += std::string{"        '"} + (flag.repeats ? "*" : "") + name +
                 (flag.value.empty() ? "" : "=") + "[" + zsh_quoted(flag.text, "[]\\") + "]";
        if (!flag.value.empty()) {
            lines += ":" + flag.value + ":";
            if (!flag.choices.empty()) lines += "(" + spaced(flag.choices) + ")";
            else if (flag.value == "FILE") lines += "_files";
            else if (flag.value == "FOLDER") lines += "_files -/";
        }
        lines += "' \\\n";
    }
    return lines;
}

// A function a command; one with commands of its own leads on to theirs.
std::string zsh_command(const usage& of, const std::string& prefix) {
    const auto own = [&](const usage& one) {
        auto name = prefix + one.path;
        std::ranges::replace(name, ' ', '_');
        return name;
    };
    std::string text = own(of) + "() {\n";
    if (of.commands.empty()) {
        text += "    _arguments \\\n";
        for (const auto& flag : of.flags) text += zsh_flag(flag);
        return text + "        && return\n}\n\n";
    }
    text += "    local state\n    local -a commands=(\n";
    for (const auto& one : of.commands)
        text +=
            "        '" + zsh_quoted(one.name, ":\\") + ":" + zsh_quoted(one.text, "\\") + "'\n";
    text += "    )\n    _arguments -C \\\n";
    for (const auto& flag : of.flags) text += zsh_flag(flag);
    text +=
        "        '1: :->command' '*:: :->rest' && return\n"
        "    case $state in\n"
        "        command) _describe command commands ;;\n"
        "        rest)\n"
        "            case $words[1] in\n";
    for (const auto& one : of.commands)
        text += "                " + one.name + ") " + own(one) + " ;;\n";
    return text + "            esac\n            ;;\n    esac\n}\n\n";
}

}  // namespace

std::string bash_completion(const usage& of) {
    const auto function = function_name(of.name);
    std::string paths, values, words;
    for_each(of, [&](const usage& one) {
        if (!one.path.empty()) paths += (paths.empty() ? "'" : " | '") + one.path + "'";
        for (const auto& flag : one.flags)
            if (!flag.value.empty() && !flag.names.empty()) values += bash_value(one, flag);
        words += "                '" + one.path + "') say -W '" + bash_words(one) + "' ;;\n";
    });
    return "# Completion for bash, printed by: " + of.name + " completion bash\n" + function +
           "() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD - 1]} path='' i\n"
           "    say() { mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$word\"); }\n"
           "    COMPREPLY=()\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        case \"$path ${COMP_WORDS[i]}\" in\n"
           "            " +
           paths +
           ") path+=\" ${COMP_WORDS[i]}\" ;;\n"
           "        esac\n"
           "    done\n"
           "    # readline takes --flag=value for three words\n"
           "    if [[ $word == = ]]; then word=''; fi\n"
           "    if [[ $flag == = ]]; then flag=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
           "    case \"$path $flag\" in\n" +
           values +
           "        *)\n"
           "            case $path in\n" +
           words +
           "            esac\n"
           "            ;;\n"
           "    esac\n"
           "    unset -f say\n"
           "}\n"
           "complete -F " +
           function + " " + of.name + "\n";
}

std::string zsh_completion(const usage& of) {
    const auto function = function_name(of.name);
    std::string text = "#compdef " + of.name + "\n# Completion for zsh, printed by: " + of.name +
                       " completion zsh\n\n";
    for_each(of, [&](const usage& one) { text += zsh_command(one, function); });
    return text + "if [[ $funcstack[1] == " + function + " ]]; then\n    " + function +
           " \"$@\"\nelse\n    compdef " + function + " " + of.name + "\nfi\n";
}

}  // namespace LARDER_NAMESPACE::program
