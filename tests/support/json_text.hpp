#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larder::test {

/// One entry of a 422's `detail`. `loc` and `input` are JSON text, `msg` is decoded.
struct fault {
    std::string type;
    std::string loc;
    std::string msg;
    std::optional<std::string> input = std::nullopt;
};

/// The faults of a body that is exactly `{"detail":[{"type":…,"loc":[…],"msg":…}, …]}`, compact
/// and in this order of members, each with `input` or without; throws for any other body.
std::vector<fault> faults_of(std::string_view body);

/// The sentence of a body that is exactly `{"detail":"…"}`; throws for any other body.
std::string detail_of(std::string_view body);

/// Throws unless this is one JSON value without a space outside strings.
void expect_compact_json(std::string_view text);

}  // namespace larder::test
