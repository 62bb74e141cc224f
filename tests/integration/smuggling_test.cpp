// Bytes that two servers may read differently, which is how one client's request is smuggled into
// another's connection. Written from RFC 9112; the sections are its own. nginx reads the same
// bytes.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>

#include "support/http_client.hpp"
#include "support/process.hpp"

namespace larder::test {
namespace {

using namespace std::string_literals;
using statuses = std::vector<int>;

/// Comes behind the bytes of each pattern, in the same packet. Its path answers 404.
const std::string behind = "GET /behind HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n";

struct pattern {
    std::string bytes;
    statuses answers;              // with what comes behind
    const char* lawful = nullptr;  // why, where nginx is stricter
};

const statuses refused{400}, get_and_behind{404, 404}, post_and_behind{422, 404};

std::string get_with(const std::string& lines) {
    return "GET /first HTTP/1.1\r\nhost: shop\r\n" + lines + "\r\n";
}
std::string post(const std::string& lines, const std::string& body) {
    return "POST /add/ HTTP/1.1\r\nhost: shop\r\n" + lines + "\r\n" + body;
}
std::string length(const std::string& value) {
    return post("content-length:" + value + "\r\n", "ABCDE");
}
std::string coding(const std::string& lines) { return post(lines, "5\r\nABCDE\r\n0\r\n\r\n"); }
std::string chunks(const std::string& body) { return post("transfer-encoding: chunked\r\n", body); }
std::string host(const std::string& lines) {
    return "GET /first HTTP/1.1\r\n" + lines + "\r\n\r\n";
}
std::string first_line(const std::string& line) { return line + "\r\nhost: shop\r\n\r\n"; }

const std::vector<pattern> patterns{
    // 6.2: Content-Length = 1*DIGIT
    {length(" 5"), post_and_behind},
    {length("5"), post_and_behind},
    {length("  5  "), post_and_behind},
    {length("\t5"), post_and_behind, "5: OWS is a space or a tab"},
    {length(" 05"), post_and_behind},
    {length(" +5"), refused},
    {length(" -5"), refused},
    {length(" -0"), refused},
    {length(" 0x5"), refused},
    {length(" 5, 5"), refused},
    {length(" 5,5"), refused},
    {length(" 5, 6"), refused},
    {length(" 5,"), refused},
    {length(" ,5"), refused},
    {length(" 5 5"), refused},
    {length(" 5;5"), refused},
    {length(" 5.0"), refused},
    {length(" 5e0"), refused},
    {length(" 1_0"), refused},
    {length(" \"5\""), refused},
    {length(" five"), refused},
    {length(" \xD9\xA5"), refused},  // an Arabic five
    {length(""), refused},
    {length(" "), refused},
    {length(" \v5"), refused},
    {length(" 5\v"), refused},
    {length(" 5\0"s), refused},
    {length(" \0"
            "5"s),
     refused},
    {length(" 5\r"), refused},
    {length(" 18446744073709551621"), {413}},  // 5 in 64 bits
    {length(" 4294967301000000000000000000005"), {413}},
    {length(" 5\r\ncontent-length: 5"), refused},
    {length(" 5\r\ncontent-length: 6"), refused},
    {length(" 6\r\nContent-Length: 5"), refused},
    {length(" 5\r\ncontent-length:"), refused},
    {length(" 5\r\n 6"), refused},
    {length("\r\n 5"), refused},
    {post("content-length : 5\r\n", "ABCDE"), refused},
    {post("content-length\t: 5\r\n", "ABCDE"), refused},
    {post(" content-length: 5\r\n", "ABCDE"), refused},
    {post("content-length\0: 5\r\n"s, "ABCDE"), refused},
    {post("content-length 5\r\n", "ABCDE"), refused},
    {post("content-length: 0\r\n", ""), post_and_behind},
    {post("content_length: 5\r\n", ""), post_and_behind},  // another name
    {post("", ""), post_and_behind},
    {get_with("content-length: 5\r\n") + "ABCDE", get_and_behind},
    {get_with("content-length: " + std::to_string(behind.size()) + "\r\n"), {404}},
    {get_with("connection: content-length\r\ncontent-length: 5\r\n") + "ABCDE", get_and_behind},
    {post("expect: 100-continue\r\ncontent-length: 5\r\n", "ABCDE"), post_and_behind},

    // 6.1 and 6.3: Transfer-Encoding
    {coding("transfer-encoding: chunked\r\n"), post_and_behind},
    {coding("Transfer-Encoding: CHUNKED\r\n"), post_and_behind},
    {coding("transfer-encoding:chunked \r\n"), post_and_behind},
    {coding("transfer-encoding:\tchunked\r\n"), post_and_behind, "5: OWS is a space or a tab"},
    {coding("content-length: 5\r\ntransfer-encoding: chunked\r\n"), refused},
    {coding("transfer-encoding: chunked\r\ncontent-length: 5\r\n"), refused},
    {coding("transfer-encoding: chunked\r\ncontent-length: 0\r\n"), refused},
    {coding("content-length: 20\r\ntransfer-encoding: identity\r\n"), refused},
    {coding("content-length: 20\r\ntransfer-encoding:\r\n"), refused},
    {coding("transfer-encoding: xchunked\r\n"), refused},
    {coding("transfer-encoding: chunkedx\r\n"), refused},
    {coding("transfer-encoding: chunk\r\n"), refused},
    {coding("transfer-encoding: \"chunked\"\r\n"), refused},
    {coding("transfer-encoding: chunked;q=1\r\n"), refused},
    {coding("transfer-encoding: identity\r\n"), refused},
    {coding("transfer-encoding: gzip\r\n"), refused},
    {coding("transfer-encoding:\r\n"), refused},
    {coding("transfer-encoding: chunked, identity\r\n"), refused},
    {coding("transfer-encoding: chunked, gzip\r\n"), refused},
    {coding("transfer-encoding: chunked,\r\n"), refused},
    {coding("transfer-encoding: chunked chunked\r\n"), refused},
    {coding("transfer-encoding: gzip, chunked\r\n"), {501}},
    {coding("transfer-encoding: identity, chunked\r\n"), {501}},
    {coding("transfer-encoding: chunked, chunked\r\n"), {501}},
    {coding("transfer-encoding: ,chunked\r\n"), {501}},
    {coding("transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n"), {501}},
    {coding("transfer-encoding: identity\r\ntransfer-encoding: chunked\r\n"), {501}},
    {coding("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n"), refused},
    {coding("transfer-encoding: chunked\r\ntransfer-encoding:\r\n"), refused},
    {coding("transfer-encoding: \vchunked\r\n"), refused},
    {coding("transfer-encoding: chunked\v\r\n"), refused},
    {coding("transfer-encoding: chunked\0\r\n"s), refused},
    {coding("transfer-encoding: chun\0ked\r\n"s), refused},
    {coding("transfer-encoding: \x80"
            "chunked\r\n"),
     refused},
    {coding("transfer-encoding : chunked\r\n"), refused},
    {coding(" transfer-encoding: chunked\r\n"), refused},
    {coding("transfer-encoding\v: chunked\r\n"), refused},
    {coding("x: y\r\n transfer-encoding: chunked\r\n"), refused},
    {coding("transfer-encoding:\r\n chunked\r\n"), refused},
    {coding("transfer-encoding: chunked\r\n \r\n"), refused},
    {coding("transfer-encoding:\n chunked\r\n"), refused},
    {coding("x: y\rtransfer-encoding: chunked\r\n"), refused},
    {coding("x: y\ntransfer-encoding: chunked\r\n"), refused},
    {coding("x: y\0transfer-encoding: chunked\r\n"s), refused},
    {post("transfer_encoding: chunked\r\n", ""), post_and_behind},  // another name
    {"POST /add/ HTTP/1.0\r\nhost: shop\r\nconnection: keep-alive\r\n"
     "transfer-encoding: chunked\r\n\r\n5\r\nABCDE\r\n0\r\n\r\n",
     refused},
    {get_with("transfer-encoding: chunked\r\n") + "0\r\n\r\n", get_and_behind},

    // 7.1: chunks
    {chunks("A\r\nABCDEABCDE\r\n0\r\n\r\n"), post_and_behind},
    {chunks("a\r\nABCDEABCDE\r\n00\r\n\r\n"), post_and_behind},
    {chunks("00000000000000005\r\nABCDE\r\n0\r\n\r\n"), post_and_behind},
    {chunks("5;a=b\r\nABCDE\r\n0;c\r\n\r\n"), post_and_behind},
    {chunks("5;a=\"b;\\\"c\"\r\nABCDE\r\n0\r\n\r\n"), post_and_behind},
    {chunks("5 ; a = b\r\nABCDE\r\n0\r\n\r\n"), post_and_behind},
    {chunks("0x5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("+5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("-5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks(" 5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5 \r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5g\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5,\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5 5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5\0\r\nABCDE\r\n0\r\n\r\n"s), refused},
    {chunks("five\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks(";a\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("\r\n5\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("10000000000000005\r\nABCDE\r\n0\r\n\r\n"), {413}},  // 5 in 64 bits
    {chunks("FFFFFFFFFFFFFFFF\r\nABCDE\r\n0\r\n\r\n"), {413}},
    {chunks("5\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5\rABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5;a\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5;a\rb\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5;a=\"\n\"\r\nABCDE\r\n0\r\n\r\n"), refused},
    {chunks("5;a\0b\r\nABCDE\r\n0\r\n\r\n"s), refused},
    {chunks("5\r\nABCDE\n0\r\n\r\n"), refused},
    {chunks("5\r\nABCDE\r0\r\n\r\n"), refused},
    {chunks("5\r\nABCDE0\r\n\r\n"), refused},
    {chunks("5\r\nABCDEF\r\n0\r\n\r\n"), refused},
    {chunks("5\r\nABC"), refused},
    {chunks("5\r\nABC\r\n0\r\n\r\n"), refused},
    {chunks("0\n\n"), refused},
    {chunks("0\r\n\n"), refused},
    {chunks("0\r\n"), refused},  // what comes behind would be a trailer
    {chunks("0\r\nx: y\r\n\r\n"), post_and_behind},
    {chunks("0\r\nhost: other\r\ncontent-length: 9\r\ntransfer-encoding: gzip\r\n\r\n"),
     post_and_behind},  // 6.5.1 of RFC 9110: trailers are not merged
    {chunks("0\r\nx y: z\r\n\r\n"), refused},
    {chunks("0\r\nx : y\r\n\r\n"), refused},
    {chunks("0\r\n: y\r\n\r\n"), refused},
    {chunks("0\r\n x: y\r\n\r\n"), refused},
    {chunks("0\r\nx: y\r\n z\r\n\r\n"), refused},
    {chunks("0\r\nx: y\n\r\n"), refused},
    {chunks("0\r\nx: \0\r\n\r\n"s), refused},
    {chunks("0\r\nx\r\n\r\n"), refused},

    // 2.2: lines
    {"\r\n" + get_with(""), get_and_behind},
    {"\r\n\r\n" + get_with(""), refused},
    {"\n" + get_with(""), refused},
    {"\r" + get_with(""), refused},
    {" " + get_with(""), refused},
    {"\t" + get_with(""), refused},
    {"\0"s + get_with(""), refused},
    {"\xEF\xBB\xBF" + get_with(""), refused},
    {"GET /first HTTP/1.1\nhost: shop\n\n", refused},
    {"GET /first HTTP/1.1\nhost: shop\r\n\r\n", refused},
    {"GET /first HTTP/1.1\r\nhost: shop\n\r\n", refused},
    {"GET /first HTTP/1.1\r\nhost: shop\r\n\n", refused},
    {"GET /first HTTP/1.1\rhost: shop\r\r", refused},
    {"GET /first HTTP/1.1\r\r\nhost: shop\r\n\r\n", refused},
    {"GET /first HTTP/1.1\r\n host: shop\r\n\r\n", refused},
    {"GET /first HTTP/1.1\r\n\thost: shop\r\n\r\n", refused},
    {get_with("x: y\r\r\n"), refused},
    {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03", refused},  // a client that wants TLS

    // 5: fields
    {get_with("x:\r\ny:z\r\n"), get_and_behind},
    {get_with("x: \xC3\xA9\x80\r\n"), get_and_behind},  // obs-text
    {get_with("x: a\tb\r\n"), get_and_behind},
    {get_with("x y: z\r\n"), refused},
    {get_with("x\ty: z\r\n"), refused},
    {get_with("x : z\r\n"), refused},
    {get_with("x\0: z\r\n"s), refused},
    {get_with("x(y): z\r\n"), refused},
    {get_with("x/y: z\r\n"), refused},
    {get_with("x\x80: z\r\n"), refused},
    {get_with(": z\r\n"), refused},
    {get_with("x\r\n"), refused},
    {get_with("x: \0\r\n"s), refused},
    {get_with("x: \x01\r\n"), refused},
    {get_with("x: \b\r\n"), refused},
    {get_with("x: \x1b[0m\r\n"), refused},
    {get_with("x: \x7f\r\n"), refused},
    {get_with("x: y\r\n z\r\n"), refused},
    {get_with("x: y\r\n\tz\r\n"), refused},
    {get_with("x: y\r\n \r\n"), refused},

    // 3.2: Host and the forms of a target
    {host("host: shop"), get_and_behind},
    {host("HOST:shop:8000"), get_and_behind},
    {host("host: [::1]:8000"), get_and_behind},
    {host("host:"), get_and_behind, "3.2: empty where the target has no authority"},
    {host("x: y"), refused},
    {host("host: shop\r\nhost: shop"), refused},
    {host("host: shop\r\nHost: other"), refused},
    {host("host: shop\r\nhost:"), refused},
    {host("host: shop, other"), refused},
    {host("host: shop other"), refused},
    {host("host: shop\tother"), refused},
    {host("host: shop/other"), refused},
    {host("host: shop?other"), refused},
    {host("host: shop#other"), refused},
    {host("host: shop\\other"), refused},
    {host("host: user@shop"), refused},
    {host("host: http://shop"), refused},
    {host("host: shop:eighty"), refused},
    {host("host: shop:80:81"), refused},
    {host("host: [::1"), refused},
    {host("host: [::1]x"), refused},
    {host("host: ::1"), refused},
    {host("host: :80"), refused},
    {host("host: b\xC3\xBC"
          "cher"),
     refused},
    {host("host: shop\0other"s), refused},
    {host("host : shop"), refused},
    {host("host: shop\r\n other"), refused},
    {first_line("GET http://other/first HTTP/1.1"), get_and_behind},
    {first_line("GET HTTP://other:80/first HTTP/1.1"), get_and_behind},
    {first_line("GET https://other/first HTTP/1.1"), get_and_behind},
    {first_line("GET http://other?first HTTP/1.1"), get_and_behind},
    {"GET http://shop/first HTTP/1.1\r\n\r\n", refused},
    {first_line("GET http:///first HTTP/1.1"), refused},
    {first_line("GET http://user@shop/first HTTP/1.1"), refused},
    {first_line("GET http://shop:x/first HTTP/1.1"), refused},
    {first_line("GET http:/first HTTP/1.1"), refused},
    {first_line("GET ftp://shop/first HTTP/1.1"), refused},
    {first_line("GET first HTTP/1.1"), refused},
    {first_line("GET ?first HTTP/1.1"), refused},
    {first_line("GET shop:80 HTTP/1.1"), refused},
    {first_line("GET * HTTP/1.1"), refused},
    {first_line("OPTIONS * HTTP/1.1"), {204, 404}, "3.2.4: the server as a whole"},
    {first_line("CONNECT shop:80 HTTP/1.1"), refused},
    {first_line("GET /first#part HTTP/1.1"), refused},
    {first_line("GET /f\xC3\xA9 HTTP/1.1"), refused},
    {first_line("GET /f\0st HTTP/1.1"s), refused},
    {first_line("GET /f\x7fst HTTP/1.1"), refused},
    {first_line("GET /%00 HTTP/1.1"), get_and_behind, "a byte like others; no path has it"},
    {first_line("GET /% HTTP/1.1"), get_and_behind, "as browsers have it; no path has it"},
    {first_line("GET /../first HTTP/1.1"), get_and_behind, "a path like others; no file is meant"},

    // 3 and 2.3: the request line
    {first_line("GET /first HTTP/1.1 "), refused},
    {first_line("GET  /first HTTP/1.1"), refused},
    {first_line("GET /first  HTTP/1.1"), refused},
    {first_line("GET\t/first HTTP/1.1"), refused},
    {first_line("GET /first\tHTTP/1.1"), refused},
    {first_line("GET /first\vHTTP/1.1"), refused},
    {first_line("GET /fi rst HTTP/1.1"), refused},
    {first_line("GET /first"), refused},
    {first_line("GET HTTP/1.1"), refused},
    {first_line("/first HTTP/1.1"), refused},
    {first_line("GET"), refused},
    {first_line("G@T /first HTTP/1.1"), refused},
    {first_line("G\0T /first HTTP/1.1"s), refused},
    {first_line("G\xC3\x8BT /first HTTP/1.1"), refused},
    {first_line("GET: /first HTTP/1.1"), refused},
    {first_line("get /first HTTP/1.1"), get_and_behind, "9.1 of RFC 9110: a token, of no route"},
    {first_line("G-T /first HTTP/1.1"), get_and_behind},
    {first_line("GET /first HTTP/1.2"), get_and_behind},  // 2.5 of RFC 9110: as 1.1
    {first_line("GET /first HTTP/1.10"), refused},
    {first_line("GET /first HTTP/1."), refused},
    {first_line("GET /first HTTP/11"), refused},
    {first_line("GET /first HTTP/1,1"), refused},
    {first_line("GET /first HTTP/1.x"), refused},
    {first_line("GET /first HTTP/01.1"), refused},
    {first_line("GET /first http/1.1"), refused},
    {first_line("GET /first HTTPS/1.1"), refused},
    {first_line("GET /first HTTP/1.1x"), refused},
    {first_line("GET /first HTTP/0.9"), {505}},
    {first_line("GET /first HTTP/2.0"), {505}},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
    {get_with(
         "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
     get_and_behind},
    {"GET /first HTTP/1.0\r\n\r\n", {404}},  // which closes
    {"GET /first HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", get_and_behind},
};

/// nginx on a free port. Bodies are read by a proxy, which speaks to the server itself.
class nginx {
public:
    nginx() {
        std::filesystem::create_directories(folder_ / "temp");
        const auto temp = (folder_ / "temp").string();
        const auto at = "127.0.0.1:" + std::to_string(port_);
        std::ofstream{folder_ / "nginx.conf"}
            << "daemon off; master_process off; pid " << temp << "/pid;\n"
            << "events { worker_connections 64; }\n"
            << "http { access_log off; client_body_temp_path " << temp << "; proxy_temp_path "
            << temp << "; fastcgi_temp_path " << temp << "; uwsgi_temp_path " << temp
            << "; scgi_temp_path " << temp << ";\n"
            << "proxy_ignore_client_abort on; server { listen " << at << ";\n"
            << "location / { return 404; }\n"
            << "location /add/ { proxy_pass http://" << at << "/added; }\n"
            << "location /added { return 422; } } }\n";
        running_ = std::make_unique<child>(
            std::vector<std::string>{"nginx", "-e", temp + "/error.log", "-c",
                                     (folder_ / "nginx.conf").string()},
            environment{});
        if (!eventually([&] { return accepts(); }))
            throw std::runtime_error{"nginx does not listen: " + running_->err()};
    }
    ~nginx() {
        running_.reset();
        std::filesystem::remove_all(folder_);
    }
    nginx(const nginx&) = delete;
    nginx& operator=(const nginx&) = delete;

    std::uint16_t port() const { return port_; }

private:
    bool accepts() const {
        try {
            http_connection{port_};
            return true;
        } catch (const std::runtime_error&) {
            return false;
        }
    }

    const std::uint16_t port_ = free_port();
    const std::filesystem::path folder_ =
        std::filesystem::temp_directory_path() / ("larder-nginx-" + std::to_string(port_));
    std::unique_ptr<child> running_;
};

/// The statuses of the answers, but for 100.
statuses statuses_in(std::string_view answers) {
    statuses found;
    while (answers.starts_with("HTTP/1.1 ")) {
        const auto head = answers.substr(0, answers.find("\r\n\r\n") + 4);
        const auto length = head.find("ength: ");  // Content-Length or content-length
        const auto body =
            length == std::string_view::npos ? 0 : std::stoul(std::string{head.substr(length + 7)});
        const int status = std::stoi(std::string{head.substr(9, 3)});
        if (status != 100) found.push_back(status);
        answers.remove_prefix(std::min(head.size() + body, answers.size()));
    }
    return found;
}

/// What a server answers to the bytes, with a request behind them and nothing after it.
statuses ask(std::uint16_t port, const std::string& bytes) {
    http_connection connection{port};
    connection.send(bytes + behind);
    connection.end_sending();
    return statuses_in(connection.read_to_end());
}

bool is_refused(const statuses& answers) {
    return answers.empty() || (answers.size() == 1 && answers[0] != 404 && answers[0] != 422);
}

std::string printable(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
        if (c == '\r') out += "\\r";
        else if (c == '\n') out += "\\n";
        else if (c < ' ' || c > '~') out += escaped;
        else out += c;
    }
    return out;
}

std::string text(const statuses& answers) {
    std::string out;
    for (const int status : answers) out += (out.empty() ? "" : " ") + std::to_string(status);
    return answers.empty() ? "nothing" : out;
}

struct smuggling : testing::Test {
    // It has no servers and needs none: what it is asked has no route, or is no order.
    static void SetUpTestSuite() { running = std::make_unique<service>(environment{}); }
    static void TearDownTestSuite() { running.reset(); }
    static inline std::unique_ptr<service> running;
};

TEST_F(smuggling, each_pattern_is_refused_and_the_connection_closed_or_it_is_lawful) {
    EXPECT_GE(patterns.size(), 80U);
    for (const auto& p : patterns)
        EXPECT_EQ(text(ask(running->port(), p.bytes)), text(p.answers)) << printable(p.bytes);
}

TEST_F(smuggling, cut_into_single_bytes_a_pattern_is_read_the_same) {
    for (const auto& p : patterns) {
        http_connection connection{running->port()};
        for (const char byte : p.bytes + behind)
            if (!connection.try_send({&byte, 1})) break;  // refused and closed
        connection.end_sending();
        EXPECT_EQ(text(statuses_in(connection.read_to_end())), text(p.answers))
            << printable(p.bytes);
    }
}

// To agree or to refuse: a client and a server that disagree need a third between them.
TEST_F(smuggling, nginx_is_nowhere_stricter_but_where_the_rfc_says_so) {
    const nginx other;
    int differences = 0;
    for (const auto& p : patterns) {
        const auto ours = ask(running->port(), p.bytes);
        const auto theirs = ask(other.port(), p.bytes);
        if (is_refused(ours) ? is_refused(theirs) : ours == theirs) {
            EXPECT_EQ(p.lawful, nullptr) << printable(p.bytes) << " is lawful to nginx, too";
            continue;
        }
        ++differences;
        std::printf("larder %-8s nginx %-8s %s%s%s\n", text(ours).c_str(), text(theirs).c_str(),
                    printable(p.bytes).c_str(), p.lawful ? "   " : "", p.lawful ? p.lawful : "");
        EXPECT_TRUE(is_refused(ours) || p.lawful) << printable(p.bytes);
    }
    std::printf("%zu patterns, %d read differently by nginx\n", patterns.size(), differences);
}

}  // namespace
}  // namespace larder::test
