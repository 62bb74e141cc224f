// From a connection's bytes to what a handler gets: the same however the bytes are cut, and what is
// let through means the same when it is written anew.

#include <boost/describe/class.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "check.hpp"
#include "http/caching.hpp"
#include "http/conditional.hpp"
#include "http/cors.hpp"
#include "http/forwarded.hpp"
#include "http/problem.hpp"
#include "http/request_reader.hpp"
#include "http/weight.hpp"
#include "larder/http/input.hpp"

namespace larder::fuzz {
namespace {

using http::request_reader;
using progress = request_reader::progress;

// Small, so that inputs reach them.
constexpr http::reader_limits limits{
    .max_request_line_bytes = 100, .max_header_bytes = 300, .max_body_bytes = 100};

struct count_query {
    std::optional<std::int32_t> customerid;
};
BOOST_DESCRIBE_STRUCT(count_query, (), (customerid))

struct new_order {
    std::string orderdate;
    std::int32_t customerid = 0;
    decimal<12, 2> netamount, tax;
};
BOOST_DESCRIBE_STRUCT(new_order, (), (orderdate, customerid, netamount, tax))

struct seen {
    std::string line, path, query, host, type, body;
    bool keeps_alive;
    friend bool operator==(const seen&, const seen&) = default;
};
struct outcome {
    std::vector<seen> requests;
    unsigned refusal = 0;
    friend bool operator==(const outcome&, const outcome&) = default;
};

void check_input(const http::request& r) {
    http::faults wrong;
    count_query query;
    new_order order;
    http::read_query(r.query, query, wrong);
    http::read_body(r.body, order, wrong);
    http::sort_as_declared<new_order>(wrong);
    const auto answer = json::parse(http::faults_json(wrong));
    check(std::holds_alternative<json::node>(answer), "an answer is JSON");
}

// What is decided by header values before and behind a handler.
void check_headers(const http::request& r) {
    constexpr std::string_view tag = "\"tag\"";
    const auto tags = r.header("if-none-match"), matching = r.header("if-match");
    const auto on_get =
        http::evaluate(http::method::get, {.if_match = matching, .if_none_match = tags}, tag);
    check(on_get != http::verdict::not_modified || tags == "*" || tags.find(tag) != tags.npos,
          "304 only to who named the tag");
    check(on_get == http::verdict::precondition_failed || !r.headers->has("if-match") ||
              matching == "*" || matching.find(tag) != matching.npos,
          "412 to who asked for another one");
    const auto asked = http::directives_of(r);
    for (const auto& seconds : {asked.max_age, asked.min_fresh, asked.max_stale})
        check(!seconds || (seconds->count() >= 0 && *seconds <= http::any_age),
              "seconds are within their range");
    const auto accept = r.header("accept");
    check(!http::prefers_problem(accept) || accept.size() >= 24, "a problem to who names it");
    const auto codings = r.header("accept-encoding");
    check(!http::prefers_gzip(codings) || !codings.empty(), "gzip to who names it");
}

// What says where a request comes from.
void check_origin(const http::request& r) {
    static const auto trusted = http::networks::loopback();
    const auto said = http::read_forwarded(*r.headers, trusted);
    check(said.scheme.empty() || said.scheme == "http" || said.scheme == "https",
          "a scheme is one of two");
    check(!said.client || r.headers->has("x-forwarded-for") || r.headers->has("forwarded"),
          "a client is named by a header");
    check(!http::is_of_foreign_page({}, r) || r.headers->has("origin") ||
              r.headers->has("sec-fetch-site"),
          "only a browser's request is of a page");
    check(!http::is_of_foreign_page({"*"}, r) || r.header("origin").empty(),
          "every page is of a listed origin");
}

seen look_at(const request_reader& reader) {
    const auto& r = reader.get();
    check(r.body.size() <= limits.max_body_bytes, "a body is within its limit");
    check(reader.request_line().size() <= limits.max_request_line_bytes, "so is the first line");
    const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
    for (const auto& text : {std::string{reader.request_line()}, std::string{r.query},
                             std::string{r.host}, r.header("content-type"), r.header("x")})
        check(std::none_of(text.begin(), text.end(), is_control), "what may be logged is harmless");
    check(r.host.find_first_of(" /?#@\\") == std::string_view::npos,
          "a host is nothing but a host");
    check(!r.path.empty() && (r.path.front() == '/' || r.path == "*"),
          "a path begins with a slash");
    check_input(r);
    check_headers(r);
    check_origin(r);
    return {std::string{reader.request_line()},
            std::string{r.path},
            std::string{r.query},
            std::string{r.host},
            std::string{r.content_type},
            std::string{r.body},
            reader.keeps_alive()};
}

// Reads all of it, at most `piece` bytes at a time.
outcome read(std::string_view bytes, std::size_t piece) {
    request_reader reader{limits};
    outcome out;
    for (auto so_far = reader.read();;) {
        if (so_far == progress::complete) {
            out.requests.push_back(look_at(reader));
            reader.next();
            so_far = reader.read();
            continue;
        }
        if (so_far == progress::refused || bytes.empty()) break;
        const auto part = bytes.substr(0, piece);
        bytes.remove_prefix(part.size());
        std::copy(part.begin(), part.end(), reader.room(part.size()).begin());
        reader.received(part.size());
        so_far = reader.read();
    }
    out.refusal = reader.status();
    constexpr unsigned statuses[]{0, 400, 413, 414, 431, 501, 505};
    check(std::ranges::count(statuses, out.refusal) == 1, "a refusal has a fitting status");
    return out;
}

// The plainest bytes of the same request.
std::string written(const seen& s) {
    return s.line + "\r\nhost:" + s.host + "\r\ncontent-type:" + s.type +
           "\r\nconnection:" + (s.keeps_alive ? "keep-alive" : "close") +
           "\r\ncontent-length:" + std::to_string(s.body.size()) + "\r\n\r\n" + s.body;
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder::fuzz;
    const auto bytes = text_of(data, size);
    const auto whole = read(bytes, bytes.size() + 1);
    check(read(bytes, 1) == whole, "single bytes make no difference");
    check(read(bytes, size % 61 + 2) == whole, "nor do pieces");
    for (const auto& one : whole.requests) {
        const auto bytes_again = written(one);
        if (bytes_again.size() > one.body.size() + limits.max_header_bytes)
            continue;  // the header grew too long
        const auto again = read(bytes_again, bytes_again.size());
        check(again.requests == std::vector{one} && again.refusal == 0,
              "written anew it is the same");
    }
    return 0;
}
