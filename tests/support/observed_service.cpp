#include "support/observed_service.hpp"

#include <stdexcept>
#include <utility>

namespace larder::test {

namespace {

std::vector<std::string> with_admin_port(std::vector<std::string> flags) {
    flags.insert(flags.end(), {"--admin-port", "0"});
    return flags;
}

}  // namespace

std::uint16_t admin_port_in(const std::string& log) {
    const std::string words = "Health and metrics are at http://";
    const auto line = log.find(words);
    const auto end = log.find('\n', line);
    if (line == std::string::npos || end == std::string::npos)
        throw std::runtime_error{"nobody is at an admin port: " + log};
    return static_cast<std::uint16_t>(std::stoi(log.substr(log.rfind(':', end) + 1)));
}

observed_service::observed_service(const environment& env, std::vector<std::string> flags)
    : service{env, with_admin_port(std::move(flags))}, admin_port_{admin_port_in(log())} {}

bool observed_service::becomes(int status, const std::string& text) const {
    return eventually([&] {
        const auto said = ready();
        return said.status == status && said.body.find(text) != std::string::npos;
    });
}

double observed_service::metric(const std::string& series) const {
    const auto all = '\n' + metrics();
    const auto at = all.find('\n' + series + ' ');
    return at == std::string::npos ? 0 : std::stod(all.substr(at + series.size() + 2));
}

bool observed_service::metric_becomes(const std::string& series, double value) const {
    return eventually([&] { return metric(series) == value; });
}

}  // namespace larder::test
