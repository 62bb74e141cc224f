#include "access_log.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "log/fields.hpp"

namespace LARDER_NAMESPACE::http {

void log_access(const access& a, const response& answer) {
    using text = std::string_view;
    auto said = fmt::format("{} - \"{}\" {} {}{}", a.client, a.line, answer.status,
                            reason(answer.status), a.trace);
    text method, path;
    log::field duration{"duration_ms", text{}};
    if (a.took) {
        const double ms = std::chrono::duration<double, std::milli>{*a.took}.count();
        if (a.has_duration) said += fmt::format(" duration={:.3f}ms", ms);
        duration.value = ms;
        method = a.line.substr(0, a.line.find(' '));
        path = a.line.substr(std::min(method.size() + 1, a.line.size()));
        path = path.substr(0, path.find_first_of("? "));
    }
    const std::array<log::field, 9> fields{{
        {"client", a.client},
        {"method", method},
        {"path", path},
        {"status", std::int64_t{answer.status}},
        duration,
        {"request_id", a.request_id},
        {"trace_id", a.trace_id},
        {"cache_tier", answer.cache_tier},
        {"cache_key", text{answer.cache_key}},
    }};
    log::write(spdlog::level::info, said, fields);
}

}  // namespace LARDER_NAMESPACE::http
