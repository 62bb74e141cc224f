// The bytes of a connection, read as requests by RFC 9112. No I/O. Private to http.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

struct reader_limits {
    std::size_t max_request_line_bytes = 8'192;
    std::size_t max_header_bytes = 16'384;  ///< chunk extensions and trailers count, too
    std::size_t max_body_bytes = 1'048'576;
};

/// Refuses what another server may read differently, also where the RFC would let it pass. Behind a
/// refusal nothing is read, so a request can only be smuggled into what is lawful.
///
/// Put bytes into `room()`, say how many with `received()`, and call `read()`. `next()` forgets a
/// complete request and goes on with what has come behind it.
class request_reader : public header_fields {
public:
    enum class progress { needs_more, complete, refused };

    explicit request_reader(const reader_limits& limits) : limits_(limits) {}

    std::span<char> room(std::size_t size);
    void received(std::size_t size) { filled_ += size; }
    progress read();
    void next();

    /// Whether no byte of a request has come.
    bool is_idle() const { return step_ == step::request_line && at_ == filled_; }
    /// Whether the client waits for a word before it sends the body.
    bool expects_continue() const;

    /// What has come of the next request, up to the end of a header; empty if that has not come, or
    /// read() has begun with it.
    std::string_view next_head() const;
    /// That it was answered without being read.
    void skip(std::size_t size) { at_ = scanned_ = at_ + size; }
    /// The bytes of a complete request, if these alone say all: it has no body, and stays open.
    std::string_view plain_head() const;

    /// What is complete, until `next()`. The host is empty if the client named none.
    const request& get() const { return request_; }
    /// "GET /count HTTP/1.1"
    std::string_view request_line() const { return view(line_, line_size_); }
    bool is_http_1_0() const { return is_http_1_0_; }
    bool keeps_alive() const;
    std::string all(std::string_view name) const override;
    bool has(std::string_view name) const override { return count(name) > 0; }

    /// Once it is refused: the status to answer with, and why.
    unsigned status() const { return status_; }
    std::string_view why() const { return why_; }

private:
    enum class step { request_line, fields, body, chunk_line, chunk, chunk_end, trailers, done };
    struct field {  // places in the buffer, which moves
        std::size_t name, name_size, value, value_size;
    };

    bool advance();
    bool take_line(std::string_view& line);
    bool take_body();
    bool read_request_line(std::string_view line);
    bool read_field(std::string_view line);
    bool read_head();
    bool read_framing();
    bool read_length();
    bool read_chunk_line(std::string_view line);
    bool find_views();
    bool finish();
    bool refuse(unsigned status, std::string_view why);

    std::string_view view(std::size_t at, std::size_t size) const { return {&buffer_[at], size}; }
    std::size_t place(std::string_view part) const {
        return static_cast<std::size_t>(part.data() - buffer_.data());
    }
    std::string_view name_of(const field& f) const { return view(f.name, f.name_size); }
    std::string_view value_of(const field& f) const { return view(f.value, f.value_size); }
    /// The first line of that name; empty if there is none.
    std::string_view first(std::string_view name) const;
    std::size_t count(std::string_view name) const;
    bool lists(std::string_view name, std::string_view token) const;

    const reader_limits limits_;
    std::string buffer_;       // begins with the request
    std::size_t filled_ = 0;   // what has come
    std::size_t at_ = 0;       // what has been read
    std::size_t scanned_ = 0;  // what holds no end of a line
    step step_ = step::request_line;
    bool skipped_empty_line_ = false;
    std::size_t line_ = 0, line_size_ = 0, target_ = 0, target_size_ = 0;
    bool is_http_1_0_ = false;
    std::vector<field> fields_;
    std::size_t header_bytes_ = 0;
    std::size_t body_ = 0, body_size_ = 0;  // where chunks are moved together
    std::uint64_t left_ = 0;                // of the body or the chunk
    std::string decoded_path_;
    request request_;
    unsigned status_ = 0;
    std::string_view why_;
};

}  // namespace LARDER_NAMESPACE::http
