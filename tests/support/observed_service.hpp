// A service with a listener for operators, and what that says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "support/http_client.hpp"
#include "support/process.hpp"

namespace larder::test {

/// The port in the line `Health and metrics are at http://HOST:PORT`; throws if there is none.
std::uint16_t admin_port_in(const std::string& log);

/// A service that is observed on any free port of the loopback.
class observed_service : public service {
public:
    explicit observed_service(const environment& env, std::vector<std::string> flags = {});

    std::uint16_t admin_port() const { return admin_port_; }
    http_response ready() const { return get(admin_port_, "/health/ready"); }
    /// Whether that becomes the status, with the text in the body.
    bool becomes(int status, const std::string& text = {}) const;
    std::string metrics() const { return get(admin_port_, "/metrics").body; }
    /// A series, as `larder_cache_hits_total{tier="local"}`; 0 if it is not shown.
    double metric(const std::string& series) const;
    bool metric_becomes(const std::string& series, double value) const;

private:
    std::uint16_t admin_port_ = 0;
};

}  // namespace larder::test
