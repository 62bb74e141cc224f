#include "support/exchanges.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <unordered_set>

namespace larder::test {

namespace {

std::string json_string(std::string_view bytes) {
    std::string text = "\"";
    char escaped[8];
    for (const unsigned char c : bytes) {
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
            text += static_cast<char>(c);
            continue;
        }
        std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
        text += escaped;
    }
    return text + '"';
}

std::string list_of(const header_list& headers) {
    std::string text = "[";
    for (const auto& [name, value] : headers)
        text.append(text.size() > 1 ? ",[" : "[")
            .append(json_string(name))
            .append(",")
            .append(json_string(value)) += ']';
    return text + ']';
}

}  // namespace

void keep_exchange(std::string_view method, std::string_view target, const header_list& headers,
                   std::string_view body, const http_response& answer) {
    static const char* const path = std::getenv("LARDER_EXCHANGES");
    if (!path) return;
    static std::mutex mutex;
    static std::unordered_set<std::string> kept;
    static std::ofstream file{path};
    std::string all;  // to know it again; most are, of a test that asks the same for long
    const auto add = [&all](std::string_view part) { (all += part) += '\0'; };
    add(method), add(target), add(body), add(answer.body);
    for (const auto& [name, value] : headers) add(name), add(value);
    all += std::to_string(answer.status);
    const std::lock_guard lock{mutex};
    if (!kept.insert(std::move(all)).second) return;
    const auto request = R"({"method":)" + json_string(method) + R"(,"target":)" +
                         json_string(target) + R"(,"headers":)" + list_of(headers) + R"(,"body":)" +
                         json_string(body) + R"(,"status":)" + std::to_string(answer.status) +
                         R"(,"answer":)" + json_string(answer.body);
    file << request << R"(,"answer_headers":)" << list_of(answer.headers) << "}\n" << std::flush;
}

}  // namespace larder::test
