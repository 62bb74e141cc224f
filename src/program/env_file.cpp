#include "program/env_file.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

#include "program/variables.hpp"

namespace LARDER_NAMESPACE::program {

namespace {

constexpr std::string_view blanks = " \t", ends_of_line = "\r\n";

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

bool is_in(std::string_view all, char c) { return all.find(c) != std::string_view::npos; }

bool is_name(std::string_view text) {
    return !text.empty() && !is_in(digits, text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_in(letters, c) || is_in(digits, c); });
}

class reader {
public:
    reader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    std::map<std::string, std::string> all() {
        std::map<std::string, std::string> found;
        while (skip_to_name()) {
            auto name = read_name();
            found[std::move(name)] = read_value();
        }
        return found;
    }

private:
    bool at_end() const { return at_ == text_.size(); }
    bool at_end_of_line() const { return at_end() || is_in(ends_of_line, text_[at_]); }
    char take() {
        if (text_[at_] == '\n') ++line_;
        return text_[at_++];
    }
    [[noreturn]] void fail(std::size_t line, const char* why) const {
        throw setting_error(file_ + ", line " + std::to_string(line) + ": " + why);
    }
    void skip_blanks() {
        while (!at_end() && is_in(blanks, text_[at_])) ++at_;
    }

    // False at the end of the file.
    bool skip_to_name() {
        while (!at_end()) {
            if (is_in("#;", text_[at_]))
                while (!at_end_of_line()) ++at_;
            else if (is_in(blanks, text_[at_]) || is_in(ends_of_line, text_[at_])) take();
            else return true;
        }
        return false;
    }

    std::string read_name() {
        const auto first = at_;
        while (!at_end_of_line() && text_[at_] != '=') ++at_;
        auto name = text_.substr(first, at_ - first);
        while (!name.empty() && is_in(blanks, name.back())) name.remove_suffix(1);
        if (at_end_of_line() || !is_name(name))
            fail(line_, "it has to be NAME=value, with letters, digits and _ in the name");
        ++at_;
        return std::string{name};
    }

    std::string read_value() {
        skip_blanks();
        if (at_end_of_line() || !is_in("'\"", text_[at_])) return read_plain();
        std::string value;
        while (!at_end_of_line()) {
            if (!is_in("'\"", text_[at_])) fail(line_, "there is more behind the quotation mark");
            read_quoted(value);
            skip_blanks();
        }
        return value;
    }

    // White space at its end is none of it, unless a backslash stands before.
    std::string read_plain() {
        std::string value;
        std::size_t kept = 0;
        while (!at_end_of_line()) {
            auto c = take();
            if (c == '\\' && !at_end()) {
                c = take();
                if (!is_in(ends_of_line, c)) value += c;  // the value goes on in the next line
                kept = value.size();
                continue;
            }
            value += c;
            if (!is_in(blanks, c)) kept = value.size();
        }
        value.resize(kept);
        return value;
    }

    void read_quoted(std::string& value) {
        const auto first_line = line_;
        const auto mark = take();
        while (!at_end() && text_[at_] != mark) {
            const auto c = take();
            if (c != '\\' || mark == '\'' || at_end()) {
                value += c;
                continue;
            }
            const auto escaped = take();
            if (escaped == '\n') continue;
            if (!is_in("\"\\$`", escaped)) value += c;
            value += escaped;
        }
        if (at_end()) fail(first_line, "a quotation mark is not closed");
        take();
    }

    const std::string_view text_;
    const std::string& file_;
    std::size_t at_ = 0, line_ = 1;
};

std::string contents_of(const std::string& file) {
    errno = 0;
    std::ifstream stream{file, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{stream}, {}};
    const bool is_read = stream.is_open() && errno == 0;
    if (!is_read)
        throw setting_error("Cannot read " + file + ": " +
                            std::generic_category().message(errno != 0 ? errno : EIO));
    return text;
}

// They are read before CLI11 reads the flags, as they may say what a flag's default is.
std::vector<std::string> files_on(const std::vector<std::string>& command_line) {
    constexpr std::string_view flag = "--env-file";
    std::vector<std::string> files;
    for (std::size_t i = 1; i < command_line.size(); ++i) {
        const std::string_view word = command_line[i];
        if (word == flag && i + 1 < command_line.size()) files.push_back(command_line[++i]);
        else if (word.starts_with(flag) && word.substr(flag.size()).starts_with('='))
            files.emplace_back(word.substr(flag.size() + 1));
    }
    return files;
}

}  // namespace

std::map<std::string, std::string> variables_in(std::string_view text, const std::string& file) {
    if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
        const auto line = 1 + std::ranges::count(text.substr(0, nul), '\n');
        throw setting_error(file + ", line " + std::to_string(line) + ": it has a zero byte");
    }
    return reader{text, file}.all();
}

void take_env_files(const std::vector<std::string>& command_line, const std::string& prefix) {
    auto files = files_on(command_line);
    if (files.empty())
        if (auto file = variable(prefix + "ENV_FILE")) files.push_back(std::move(*file));
    std::map<std::string, std::string> all;
    for (const auto& file : files)
        for (auto& [name, value] : variables_in(contents_of(file), file)) all[name] = value;
    for (const auto& [name, value] : all) ::setenv(name.c_str(), value.c_str(), 0);
}

void add_env_file_flag(CLI::App& command, std::vector<std::string>& files) {
    for (auto* one : command.get_subcommands({})) add_env_file_flag(*one, files);
    if (command.get_subcommands({}).empty())
        command
            .add_option("--env-file", files,
                        "File of NAME=value lines that set variables which are not set; may be "
                        "repeated")
            ->type_name("FILE")
            ->allow_extra_args(false);
}

}  // namespace LARDER_NAMESPACE::program
