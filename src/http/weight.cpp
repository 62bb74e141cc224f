#include "weight.hpp"

#include <charconv>
#include <optional>
#include <system_error>

#include "text.hpp"

namespace LARDER_NAMESPACE::http {

double weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto one = take_until(parameters, ';');
        if (!same(one.substr(0, 2), "q=")) continue;
        double q = 1;
        const auto value = one.substr(2);
        const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), q);
        const bool is_weight = ec == std::errc{} && end == value.data() + value.size() && q <= 1;
        return is_weight ? q : 1;
    }
    return 1;
}

// What is not named is taken (12.5.3), but less gladly than what is.
bool prefers_gzip(std::string_view accept_encoding) {
    std::optional<double> gzip, identity, others;
    while (!accept_encoding.empty()) {
        auto one = take_until(accept_encoding, ',');
        const auto coding = take_until(one, ';');
        if (same(coding, "gzip") || same(coding, "x-gzip")) gzip = weight_of(one);
        if (same(coding, "identity")) identity = weight_of(one);
        if (coding == "*") others = weight_of(one);
    }
    const auto taken = gzip ? *gzip : others.value_or(0);
    return taken > 0 && taken >= identity.value_or(0);
}

}  // namespace LARDER_NAMESPACE::http
