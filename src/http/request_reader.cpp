#include "request_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <system_error>
#include <utility>

#include "larder/percent.hpp"
#include "text.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

constexpr std::size_t most_kept_bytes = 65'536;  // of the buffer of an idle connection
constexpr std::size_t plain_chunk_line = 16;     // digits of 64 bits

constexpr std::string_view digits = "0123456789",
                           letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

// A set of bytes, to look one up at once.
class byte_set {
public:
    template <class... Texts>
    explicit constexpr byte_set(Texts... texts) {
        for (const std::string_view text : {std::string_view{texts}...})
            for (const char c : text) in_[static_cast<unsigned char>(c)] = true;
    }
    constexpr bool contains(char c) const { return in_[static_cast<unsigned char>(c)]; }
    bool contain_all(std::string_view text) const {
        return std::all_of(text.begin(), text.end(), [this](char c) { return contains(c); });
    }

private:
    std::array<bool, 256> in_{};
};

constexpr byte_set decimal_digits{digits};
constexpr byte_set token_bytes{digits, letters, "!#$%&'*+-.^_`|~"};
constexpr byte_set name_bytes{digits, letters, "-._~%!$&'()*+,;="};
constexpr byte_set address_bytes{digits, "abcdefABCDEF:."};

bool is_token(std::string_view text) { return !text.empty() && token_bytes.contain_all(text); }

// What a line may hold: all but control characters, and the tab.
bool is_text(char c) { return static_cast<unsigned char>(c) >= ' ' ? c != '\x7f' : c == '\t'; }

// Some of these bytes have no place in a URI, but browsers send them.
bool is_target(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

// host[:port]
bool is_authority(std::string_view text) {
    const bool is_address = text.starts_with('[');
    const auto end = std::min(is_address ? text.find(']') : text.find(':'), text.size());
    const auto host = text.substr(is_address ? 1 : 0, is_address ? end - 1 : end);
    auto port = text.substr(end);
    if (is_address) {
        if (port.empty()) return false;
        port.remove_prefix(1);
    }
    return !host.empty() && (is_address ? address_bytes : name_bytes).contain_all(host) &&
           (port.empty() || (port.front() == ':' && decimal_digits.contain_all(port.substr(1))));
}

// Takes `http://host` away from a target; empty if that is not how it begins.
std::string_view take_authority(std::string_view& target) {
    const auto mark = std::min(target.find("://"), target.size());
    const auto scheme = target.substr(0, mark);
    if (mark == target.size() || (!same(scheme, "http") && !same(scheme, "https"))) return {};
    target.remove_prefix(mark + 3);
    const auto authority = target.substr(0, target.find_first_of("/?"));
    target.remove_prefix(authority.size());
    return authority;
}

method method_of(std::string_view name) {
    constexpr std::pair<std::string_view, method> all[]{
        {"GET", method::get},        {"HEAD", method::head},   {"POST", method::post},
        {"PUT", method::put},        {"PATCH", method::patch}, {"DELETE", method::del},
        {"OPTIONS", method::options}};
    for (const auto& [known, m] : all)
        if (known == name) return m;
    return method::other;
}

}  // namespace

std::span<char> request_reader::room(std::size_t size) {
    if (const auto end = body_ + body_size_; step_ > step::body && end < at_) {
        std::memmove(&buffer_[end], &buffer_[at_], filled_ - at_);
        filled_ -= at_ - end;
        scanned_ -= at_ - end;
        at_ = end;
    }
    if (buffer_.size() < filled_ + size) buffer_.resize(filled_ + size);
    return {&buffer_[filled_], size};
}

request_reader::progress request_reader::read() {
    while (step_ != step::done && status_ == 0 && advance()) continue;
    if (status_ != 0) return progress::refused;
    return step_ == step::done ? progress::complete : progress::needs_more;
}

void request_reader::next() {
    const auto rest = view(at_, filled_ - at_);
    if (buffer_.size() > most_kept_bytes && rest.size() <= most_kept_bytes)
        std::string{rest}.swap(buffer_);  // assigning would keep the memory
    else std::memmove(buffer_.data(), rest.data(), rest.size());
    filled_ -= at_;
    at_ = scanned_ = 0;
    step_ = step::request_line;
    skipped_empty_line_ = false;
    fields_.clear();
    header_bytes_ = body_size_ = 0;
    request_ = {};
}

// True if there may be more to read at once.
bool request_reader::advance() {
    if (step_ == step::body || step_ == step::chunk) return take_body();
    std::string_view line;
    if (!take_line(line)) return false;
    switch (step_) {
        case step::request_line: return read_request_line(line);
        case step::fields: return line.empty() ? read_head() : read_field(line);
        case step::chunk_line: return read_chunk_line(line);
        case step::chunk_end:
            step_ = step::chunk_line;
            return line.empty() || refuse(400, "a chunk is longer than its size");
        default: return line.empty() ? finish() : read_field(line);
    }
}

// The line that comes next, without its end. Only CRLF ends a line.
bool request_reader::take_line(std::string_view& line) {
    while (scanned_ < filled_ && is_text(buffer_[scanned_])) ++scanned_;
    const auto size = scanned_ - at_;
    if (step_ == step::request_line && size > limits_.max_request_line_bytes) {
        const auto start = view(at_, size);
        request_.method = method_of(start.substr(0, start.find(' ')));
        return refuse(414, "the request line is too long");
    }
    const bool is_of_chunk = step_ == step::chunk_line || step_ == step::chunk_end;
    const bool counts = !is_of_chunk || size > plain_chunk_line;
    if (counts && header_bytes_ + size > limits_.max_header_bytes)
        return refuse(431, "the header is too long");

    const auto end = view(scanned_, std::min<std::size_t>(filled_ - scanned_, 2));
    if (end.empty() || end == "\r") return false;
    if (end != "\r\n") return refuse(400, "a control character");
    line = view(at_, size);
    if (counts) header_bytes_ += size + 2;
    at_ = scanned_ += 2;
    return true;
}

bool request_reader::take_body() {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, filled_ - at_));
    const auto to = body_ + body_size_;
    if (to != at_ && size > 0) std::memmove(&buffer_[to], &buffer_[at_], size);
    body_size_ += size;
    at_ = scanned_ = at_ + size;
    left_ -= size;
    if (left_ > 0) return false;
    if (step_ == step::body) return finish();
    step_ = step::chunk_end;
    return true;
}

bool request_reader::read_request_line(std::string_view line) {
    // Section 2.2 wants at least one empty line to be overlooked.
    if (line.empty())
        return !std::exchange(skipped_empty_line_, true) || refuse(400, "empty lines");
    const auto end_of_method = line.find(' '), end_of_target = line.rfind(' ');
    if (end_of_method == end_of_target) return refuse(400, "no request line");
    const auto method = line.substr(0, end_of_method);
    const auto target = line.substr(end_of_method + 1, end_of_target - end_of_method - 1);
    const auto version = line.substr(end_of_target + 1);
    if (!is_token(method)) return refuse(400, "no method");
    request_.method = method_of(method);
    if (!is_target(target)) return refuse(400, "no target");
    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.' ||
        !decimal_digits.contains(version[5]) || !decimal_digits.contains(version[7]))
        return refuse(400, "no version");
    if (version[5] != '1') return refuse(505, "the version");
    is_http_1_0_ = version[7] == '0';
    line_ = place(line), line_size_ = line.size();
    target_ = place(target), target_size_ = target.size();
    request_.headers = this;
    step_ = step::fields;
    return true;
}

// A trailer has to be a field as well, but is not kept: RFC 9110, section 6.5.1.
bool request_reader::read_field(std::string_view line) {
    const auto colon = std::min(line.find(':'), line.size());
    const auto name = line.substr(0, colon);
    if (colon == line.size() || !is_token(name)) return refuse(400, "no header field");
    const auto value = trim(line.substr(colon + 1));
    if (step_ == step::fields)
        fields_.push_back({place(name), name.size(), place(value), value.size()});
    return true;
}

bool request_reader::read_head() {
    const auto hosts = count("host");
    const auto host = first("host");
    if (hosts > 1 || (hosts == 0 && !is_http_1_0_) || (!host.empty() && !is_authority(host)))
        return refuse(400, "the host");
    if (!find_views() || !read_framing()) return false;
    body_ = at_;
    return step_ != step::fields || finish();
}

bool request_reader::read_framing() {
    const auto lengths = count("content-length"), codings = count("transfer-encoding");
    if (lengths > 1 || (codings > 0 && (lengths > 0 || is_http_1_0_)))
        return refuse(400, "two lengths");
    if (codings == 0) return lengths == 0 || read_length();
    const auto list = all("transfer-encoding");
    const auto comma = list.rfind(',');
    const auto last = std::string_view{list}.substr(comma + 1);
    if (!same(trim(last), "chunked")) return refuse(400, "a body without an end");
    if (comma != std::string::npos) return refuse(501, "a transfer coding");
    step_ = step::chunk_line;
    return true;
}

bool request_reader::read_length() {
    const auto length = first("content-length");
    if (length.empty() || !decimal_digits.contain_all(length)) return refuse(400, "the length");
    const auto [end, ec] = std::from_chars(length.data(), length.data() + length.size(), left_);
    if (ec != std::errc{} || left_ > limits_.max_body_bytes)
        return refuse(413, "the body is too long");
    if (left_ > 0) step_ = step::body;
    return true;
}

bool request_reader::read_chunk_line(std::string_view line) {
    const auto* end = line.data() + line.size();
    const auto [stop, ec] = std::from_chars(line.data(), end, left_, 16);
    const std::string_view rest{stop, static_cast<std::size_t>(end - stop)};
    if (ec == std::errc::invalid_argument || (!rest.empty() && !trim(rest).starts_with(';')))
        return refuse(400, "a chunk without a size");
    if (ec != std::errc{} || left_ > limits_.max_body_bytes - body_size_)
        return refuse(413, "the body is too long");
    step_ = left_ > 0 ? step::chunk : step::trailers;
    return true;
}

// The parts of the request where they are now. False: the target has no known form.
bool request_reader::find_views() {
    auto target = view(target_, target_size_);
    request_.host = first("host");
    const bool is_asterisk = target == "*" && request_.method == method::options;
    if (!target.starts_with('/') && !is_asterisk) {
        request_.host = take_authority(target);  // section 3.2.2: the Host field is disregarded
        if (!is_authority(request_.host)) return refuse(400, "the form of the target");
    }
    const auto question = std::min(target.find('?'), target.size());
    request_.query = target.substr(std::min(question + 1, target.size()));
    request_.path = question == 0 ? "/" : target.substr(0, question);
    request_.raw_path = request_.path;
    if (request_.path.find('%') != std::string_view::npos) {
        decoded_path_ = percent_decode_leniently(request_.path);
        request_.path = decoded_path_;
    }
    request_.content_type = first("content-type");
    return true;
}

bool request_reader::finish() {
    find_views();
    request_.body = view(body_, body_size_);
    step_ = step::done;
    return true;
}

bool request_reader::refuse(unsigned status, std::string_view why) {
    status_ = status;
    why_ = why;
    return false;
}

std::string_view request_reader::next_head() const {
    constexpr std::string_view end = "\r\n\r\n";
    if (step_ != step::request_line) return {};
    const auto come = view(at_, filled_ - at_);
    const auto size = come.find(end);
    return size == std::string_view::npos ? std::string_view{} : come.substr(0, size + end.size());
}

std::string_view request_reader::plain_head() const {
    const bool is_plain = step_ == step::done && !skipped_empty_line_ && !is_http_1_0_ &&
                          !has("content-length") && !has("transfer-encoding") && keeps_alive();
    return is_plain ? view(line_, at_ - line_) : std::string_view{};
}

bool request_reader::expects_continue() const {
    return (step_ == step::body || step_ == step::chunk_line) && at_ == filled_ &&
           body_size_ == 0 && !is_http_1_0_ && same(first("expect"), "100-continue");
}

bool request_reader::keeps_alive() const {
    return !lists("connection", "close") && (!is_http_1_0_ || lists("connection", "keep-alive"));
}

std::string request_reader::all(std::string_view name) const {
    std::string joined;
    bool is_first = true;
    for (const auto& f : fields_) {
        if (!same(name_of(f), name)) continue;
        if (!std::exchange(is_first, false)) joined += ", ";
        joined += value_of(f);
    }
    return joined;
}

std::string_view request_reader::first(std::string_view name) const {
    for (const auto& f : fields_)
        if (same(name_of(f), name)) return value_of(f);
    return {};
}

std::size_t request_reader::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        fields_.begin(), fields_.end(), [&](const field& f) { return same(name_of(f), name); }));
}

bool request_reader::lists(std::string_view name, std::string_view token) const {
    if (!has(name)) return false;
    const auto list = all(name);
    std::string_view rest = list;
    while (!rest.empty())
        if (same(take_until(rest, ','), token)) return true;
    return false;
}

}  // namespace LARDER_NAMESPACE::http
