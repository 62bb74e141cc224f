#include "problem.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "larder/json.hpp"

namespace larder::http {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(" \t"), text.size());
    const auto last = text.find_last_not_of(" \t");
    return last == std::string_view::npos ? "" : text.substr(first, last + 1 - first);
}

std::string_view take_until(std::string_view& text, char stop) {
    const auto end = std::min(text.find(stop), text.size());
    const auto part = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return part;
}

bool is_same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
        return x == y || (x >= 'A' && x <= 'Z' && x + 32 == y);
    });
}

// RFC 9110, section 12.4.2. What is no weight counts as none.
double weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const auto one = take_until(parameters, ';');
        if (!is_same(one.substr(0, 2), "q=")) continue;
        double q = 1;
        const auto value = one.substr(2);
        const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), q);
        return ec == std::errc{} && end == value.data() + value.size() ? q : 1;
    }
    return 1;
}

}  // namespace

bool prefers_problem(std::string_view accept) {
    double problem = 0, json = 0;
    while (!accept.empty()) {
        auto range = take_until(accept, ',');
        const auto type = take_until(range, ';');
        if (is_same(type, "application/problem+json")) problem = weight_of(range);
        if (is_same(type, "application/json")) json = weight_of(range);
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

}  // namespace larder::http
