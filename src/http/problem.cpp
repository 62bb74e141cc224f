#include "problem.hpp"

#include <string>

#include "larder/json.hpp"
#include "text.hpp"
#include "weight.hpp"

namespace LARDER_NAMESPACE::http {

bool prefers_problem(std::string_view accept) {
    double problem = 0, json = 0;
    int most_specific = 0;
    const auto weigh_json = [&](int specific, std::string_view parameters) {
        if (specific < most_specific) return;
        most_specific = specific;
        json = weight_of(parameters);
    };
    while (!accept.empty()) {
        auto range = take_until(accept, ',');
        const auto type = take_until(range, ';');
        if (same(type, "application/problem+json")) problem = weight_of(range);
        if (same(type, "application/json")) weigh_json(3, range);
        if (same(type, "application/*")) weigh_json(2, range);
        if (same(type, "*/*")) weigh_json(1, range);
    }
    return problem > 0 && problem >= json;
}

void make_problem(response& error) {
    constexpr std::string_view start = R"({"detail":)";
    const std::string_view body = error.body;
    if (!body.starts_with(start)) return;
    const auto detail = body.substr(start.size(), body.size() - start.size() - 1);
    std::string text = R"({"type":"about:blank","title":)";
    json::append_string(text, reason(error.status));
    text += R"(,"status":)" + std::to_string(error.status);
    if (detail.starts_with('"')) text.append(R"(,"detail":)").append(detail);
    else text.append(R"(,"detail":"The input is not valid","errors":)").append(detail);
    text += '}';
    error.body = std::move(text);
    error.content_type = "application/problem+json";
}

}  // namespace LARDER_NAMESPACE::http
