#pragma once

#include <string_view>

#include "support/http_client.hpp"

namespace larder::test {

/// Keeps a request and its answer in the file LARDER_EXCHANGES, of this process alone, where
/// tests/docs/replay.mjs finds it: a line of JSON each, bytes as the characters 0 to 255. The same
/// request with the same answer is kept once. Does nothing without that variable.
void keep_exchange(std::string_view method, std::string_view target, const header_list& headers,
                   std::string_view body, const http_response& answer);

}  // namespace larder::test
