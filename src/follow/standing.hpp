// What Valkey keeps of who follows, for a person. Private to larder.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/describe/class.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "larder/valkey/options.hpp"

namespace larder::follow {

/// What cache::text_of_sign() writes.
struct sign {
    std::string by;
    std::int64_t since_ms = 0, late_ms = 0;
};
BOOST_DESCRIBE_STRUCT(sign, (), (by, since_ms, late_ms))
/// Nothing if it is of another version.
std::optional<sign> read_sign(std::string_view text);

/// Lines: since when somebody follows and how late, and when and why each family's entries were all
/// deleted last; or the one line that Valkey does not answer. `unfollowed` is how long an entry is
/// believed while nobody follows.
boost::asio::awaitable<std::vector<std::string>> standing_in_valkey(
    boost::asio::any_io_executor executor, valkey::client_options server,
    std::vector<std::string> families, std::string declared, std::chrono::seconds unfollowed);

}  // namespace larder::follow
