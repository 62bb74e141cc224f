#include "larder/http/message.hpp"

#include <boost/beast/http/status.hpp>

#include <ostream>

#include "larder/json.hpp"

namespace LARDER_NAMESPACE::http {

response error_response(unsigned status, std::string_view sentence) {
    std::string body = R"({"detail":)";
    json::append_string(body, sentence);
    body += '}';
    return {.status = status, .body = std::move(body)};
}

std::string_view reason(unsigned status) {
    const auto words =
        boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(status));
    return {words.data(), words.size()};
}

}  // namespace LARDER_NAMESPACE::http
