// The bytes of an answer. Private to http.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "larder/http/cache_control.hpp"
#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// What is in an answer's bytes and not in the answer.
struct answer_frame {
    bool has_date = true;
    std::string_view headers;     ///< of each answer: `name: value` and CRLF each
    std::string_view request_id;  ///< empty: none
    std::string_view connection;  ///< `close`; empty: none
    bool has_body = true;         ///< not of HEAD
    bool has_length = true;       ///< else the end of the connection is the body's
};

/// Adds the bytes to `out`.
void append_answer(std::string& out, const response& r, const answer_frame& frame);

/// The bytes of an answer out of the local tier, but for what is another one each time.
class answer_again {
public:
    answer_again(const response& r, const answer_frame& frame);

    /// Adds the bytes to `out`.
    void append(std::string& out, std::string_view request_id, const entry_times& now) const;
    std::size_t size() const { return text_.size(); }

private:
    enum class gap { date, request_id, age, ttl };
    struct place {
        gap what;
        std::size_t at;
    };
    friend class answer_writer;

    std::string text_;
    std::vector<place> gaps_;
};

}  // namespace LARDER_NAMESPACE::http
