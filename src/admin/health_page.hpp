// /health/live and /health/ready among a service's own routes. Private to larder.
#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

#include "admin/observer.hpp"
#include "larder/app.hpp"

namespace LARDER_NAMESPACE::admin {

struct health_page {
    std::string path;
    std::unique_ptr<endpoint> answer;
};

/// `io` is the observer's. They are answered whether the service is set up or not.
std::vector<health_page> health_pages(boost::asio::io_context& io, observer& of);

}  // namespace LARDER_NAMESPACE::admin
