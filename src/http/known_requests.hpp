// Requests that came before, byte for byte, and how they are answered. Private to http.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "answer_text.hpp"

namespace LARDER_NAMESPACE::http {

/// What a request is besides its bytes.
enum class request_origin : std::uint8_t { clear, encrypted, proxy, proxy_encrypted };

/// The answer to a request, while the local tier has that version of that entry.
struct known_answer {
    std::string key;
    std::uint64_t version = 0;
    unsigned status = 200;
    unsigned route = 0;  ///< for the metrics, as the next
    method asked = method::get;
    std::string client = {};  ///< whom a proxy speaks for, for the log; empty: who is connected
    answer_again text;

    std::size_t bytes() const { return key.size() + client.size() + text.size(); }
};

/// Of what a client sends again and again, nothing is read again: the header's bytes are looked up.
/// Only what came twice is kept, so that who never sends the same puts nothing out; full, it begins
/// anew.
///
/// Threads  one worker's.
/// Cost     a hash of the header, and a comparison with it.
class known_requests {
public:
    explicit known_requests(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    bool is_on() const { return max_bytes_ > 0; }
    const known_answer* find(request_origin from, std::string_view head) const;
    /// Whether it came before, and is worth to be kept.
    bool has_come(request_origin from, std::string_view head);
    void keep(request_origin from, std::string_view head, known_answer answer);
    std::size_t size() const;

private:
    struct hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    using table = std::unordered_map<std::string, known_answer, hash, std::equal_to<>>;

    std::array<table, 4> tables_;
    std::size_t bytes_ = 0;
    const std::size_t max_bytes_;
    std::array<std::size_t, 4'096> seen_{};  // of their hashes
};

}  // namespace LARDER_NAMESPACE::http
