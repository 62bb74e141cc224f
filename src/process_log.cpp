#include "larder/process_log.hpp"

#include <spdlog/details/os.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "larder/json.hpp"
#include "log/fields.hpp"
#include "log/writer.hpp"

namespace LARDER_NAMESPACE {

namespace {

// The members behind time and level.
class json_members : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& line, const std::tm&,
                spdlog::memory_buf_t& out) override {
        std::string text;
        log::append_fields(text);
        text += "\"message\":";
        json::append_string(text, {line.payload.data(), line.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<json_members>();
    }
};

std::unique_ptr<spdlog::formatter> formatter_of(bool json) {
    auto lines = std::make_unique<spdlog::pattern_formatter>();
    if (json)
        lines->add_flag<json_members>('*').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%*})");
    else lines->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-8l%$ %v");
    return lines;
}

// As spdlog's own sinks for terminals have them.
std::string_view colour_of(spdlog::level::level_enum level) {
    constexpr std::array<std::string_view, spdlog::level::n_levels> all{
        "\033[37m",        "\033[36m",        "\033[32m", "\033[33m\033[1m",
        "\033[31m\033[1m", "\033[1m\033[41m", ""};
    return all.at(static_cast<std::size_t>(level));
}

class sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    sink(std::shared_ptr<log::writer> to, bool has_colours)
        : to_(std::move(to)), has_colours_(has_colours) {}

protected:
    void sink_it_(const spdlog::details::log_msg& line) override {
        spdlog::memory_buf_t buffer;
        formatter_->format(line, buffer);
        const std::string_view text{buffer.data(), buffer.size()};
        const auto from = line.color_range_start, to = line.color_range_end;
        if (!has_colours_ || to <= from) return to_->add(text);
        std::string coloured{text.substr(0, from)};
        coloured.append(colour_of(line.level)).append(text.substr(from, to - from));
        to_->add(coloured.append("\033[m").append(text.substr(to)));
    }
    void flush_() override {}

private:
    const std::shared_ptr<log::writer> to_;
    const bool has_colours_;
};

// For what the writer says itself; by its thread alone.
log::writer::note notes_of(bool json) {
    return [lines = std::shared_ptr{formatter_of(json)}](const std::string& sentence) {
        spdlog::memory_buf_t line;
        lines->format({"", spdlog::level::warn, sentence}, line);
        return std::string{line.data(), line.size()};
    };
}

}  // namespace

process_log::process_log(const log_options& options)
    : lines_(std::make_shared<log::writer>(options.descriptor, options.most_bytes,
                                           notes_of(options.json))) {
    const bool has_colours = !options.json && ::isatty(options.descriptor) == 1 &&
                             spdlog::details::os::is_color_terminal();
    auto to = std::make_shared<sink>(lines_, has_colours);
    to->set_formatter(formatter_of(options.json));
    auto logger = std::make_shared<spdlog::logger>("larder", std::move(to));
    logger->set_error_handler([](const std::string&) {});  // spdlog's own prints, and may wait
    logger->set_level(spdlog::level::from_str(options.level));
    spdlog::set_default_logger(std::move(logger));
}

process_log::~process_log() { lines_->finish(std::chrono::seconds{1}); }

void process_log::say(std::string_view text) { lines_->add(text); }

void process_log::set_level(const std::string& name) {
    spdlog::set_level(spdlog::level::from_str(name));
}

}  // namespace LARDER_NAMESPACE
