// The manual page.
#include <algorithm>
#include <sstream>

#include "program/usage.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

// What troff takes for a sign of its own: backslashes, dashes that are to be copied, a dot or a
// quotation mark where a line begins.
std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        if (c == '\\') out += "\\e";
        else if (c == '-') out += "\\-";
        else if (c == '`') out += "\\`";
        else out += c;
    }
    return out;
}

std::string bold(const std::string& text) { return "\\fB" + escaped(text) + "\\fR"; }

std::string tagged(const std::string& tag, const std::string& text) {
    return ".TP\n" + tag + "\n" + escaped(text) + "\n";
}

std::string flag_text(const usage_flag& flag) {
    std::string tag;
    for (const auto& name : flag.names) tag += (tag.empty() ? "" : ", ") + bold(name);
    if (!flag.value.empty()) {
        std::string choices;
        for (const auto& one : flag.choices) choices += (choices.empty() ? "" : "|") + one;
        if (!tag.empty()) tag += ' ';
        tag += choices.empty() ? "\\fI" + escaped(flag.value) + "\\fR" : escaped(choices);
    }
    return tagged(tag, flag.text + (flag.initially.empty() ? "" : " [" + flag.initially + "]"));
}

// A footer's line `  NAME    text` is an entry of a list, one that ends with a colon a heading, and
// others are paragraphs.
std::string footer_text(const std::string& footer) {
    std::istringstream lines{footer};
    std::string out = ".PP\n";
    for (std::string line; std::getline(lines, line);) {
        const auto end = line.starts_with("  ") ? line.find(' ', 2) : std::string::npos;
        const auto text = end == std::string::npos ? end : line.find_first_not_of(' ', end);
        if (line.empty()) out += ".PP\n";
        else if (text != std::string::npos)
            out += tagged(bold(line.substr(2, end - 2)), line.substr(text));
        else out += escaped(line) + "\n";
    }
    // An empty line before a list or at the end makes a paragraph of nothing.
    std::string tidy;
    std::istringstream again{out};
    bool waits = false;
    for (std::string line; std::getline(again, line);) {
        if (line == ".PP") {
            waits = true;
            continue;
        }
        if (waits && !line.starts_with(".TP")) tidy += ".PP\n";
        waits = false;
        tidy += line + "\n";
    }
    return tidy;
}

std::string synopsis(const usage& of, const std::string& program) {
    std::string text;
    if (of.commands.empty()) {
        text = ".B " + escaped(program + of.path) + "\n.RI [ flag ]...\n";
        for (const auto& one : of.flags) {
            if (!one.names.empty()) continue;
            text += one.is_required ? ".IR " + one.value : ".RI [ " + one.value + " ]";
            text += one.repeats ? " ...\n" : "\n";
        }
        return text;
    }
    for (const auto& one : of.commands)
        text += (text.empty() ? "" : ".br\n") + synopsis(one, program);
    return text;
}

std::string commands(const usage& of, const std::string& program) {
    std::string text;
    if (of.commands.empty()) {
        text += ".SS \"" + escaped(program + of.path) + "\"\n" + escaped(of.text) + ".\n";
        for (const auto& flag : of.flags)
            if (std::ranges::find(flag.names, "--help") == flag.names.end())
                text += flag_text(flag);
        if (!of.footer.empty()) text += footer_text(of.footer);
    }
    for (const auto& one : of.commands) text += commands(one, program);
    return text;
}

}  // namespace

std::string manual_page(const usage& of, const description& about) {
    auto title = of.name;
    for (auto& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    auto summary = about.summary;
    while (summary.ends_with('.')) summary.pop_back();
    std::string text = ".TH " + escaped(title) + " 1 \"\" \"" +
                       escaped(of.name + " " + about.version) + "\" \"User Commands\"\n.SH NAME\n" +
                       escaped(of.name) + " \\- " +
                       escaped(summary.empty() ? "a service over PostgreSQL and Valkey" : summary) +
                       "\n.SH SYNOPSIS\n" + synopsis(of, of.name) + ".SH DESCRIPTION\n";
    text += escaped(about.about.empty() ? about.summary : about.about) + "\n";
    text +=
        "The flags below may be given as\n.BI \\-\\-flag \" value\"\nor\n.BI \\-\\-flag= "
        "value\\fR.\n";
    text += ".SH OPTIONS\n";
    for (const auto& flag : of.flags) text += flag_text(flag);
    text += ".SH COMMANDS\n" + commands(of, of.name) + ".SH \"EXIT STATUS\"\n";
    for (const auto& [status, meaning] :
         {std::pair{"0", "It did what it should."},
          {"64", "A command, a flag or a flag's value that there is not."},
          {"69",
           "A server is unavailable, or it cannot listen, read its certificate or start its "
           "threads."},
          {"78",
           "A variable, a flag or a file of variables that makes no sense, or a variable that a "
           "command "
           "needs and that is not set."},
          {"1", "Anything else."}})
        text += tagged(bold(status), meaning);
    text += ".SH SIGNALS\n" +
            tagged("SIGTERM, SIGINT", "Finish what is in flight, then exit with 0.") +
            tagged("SIGHUP", "Take a renewed certificate into use.");
    return text;
}

}  // namespace LARDER_NAMESPACE::program
