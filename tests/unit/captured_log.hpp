// What is logged while a test runs.
#pragma once

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace larder::test {

/// Takes the place of the default log while it lives.
class captured_log {
public:
    captured_log() : before_(spdlog::default_logger()) {
        auto log = std::make_shared<spdlog::logger>(
            "captured", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
        log->set_pattern("%l: %v", spdlog::pattern_time_type::utc);
        log->set_level(spdlog::level::debug);
        spdlog::set_default_logger(std::move(log));
    }
    ~captured_log() { spdlog::set_default_logger(before_); }
    captured_log(const captured_log&) = delete;
    captured_log& operator=(const captured_log&) = delete;

    /// `debug: Checking cache key num_orders:all`, in order.
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::istringstream from{text_.str()};
        for (std::string line; std::getline(from, line);) all.push_back(line);
        return all;
    }

private:
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_;
};

}  // namespace larder::test
