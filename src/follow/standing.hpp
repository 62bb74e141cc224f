// What Valkey keeps of who follows, for a person. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "larder/valkey/options.hpp"

namespace larder::follow {

/// Lines: since when somebody follows and how late, and when and why each family's entries were all
/// deleted last; or the one line that Valkey does not answer. `unfollowed` is how long an entry is
/// believed while nobody follows.
boost::asio::awaitable<std::vector<std::string>> standing_in_valkey(
    boost::asio::any_io_executor executor, valkey::client_options server,
    std::vector<std::string> families, std::chrono::seconds unfollowed);

}  // namespace larder::follow
