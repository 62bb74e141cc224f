// What is said to Valkey, and what it answers. Private to larder.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::valkey {

using command = std::vector<std::string>;

struct reply {
    enum class kind { no_answer, nothing, text, error, list };
    kind is = kind::no_answer;  ///< no_answer: in time; the command may have run all the same
    std::string text = {};      ///< also of an integer or an error
    std::vector<std::string> list = {};  ///< the texts in it, however deep

    bool was_answered() const { return is != kind::no_answer; }
    bool succeeded() const { return was_answered() && is != kind::error; }
    /// 0 if it is none.
    std::int64_t number() const {
        std::int64_t read = 0;
        std::from_chars(text.data(), text.data() + text.size(), read);
        return is == kind::text ? read : 0;
    }
    /// What TIME says, since 1970 by the server's clock; 0 if this is something else.
    std::int64_t milliseconds() const {
        if (is != kind::list || list.size() != 2) return 0;
        const reply seconds{kind::text, list[0]}, rest{kind::text, list[1]};
        return seconds.number() * 1'000 + rest.number() / 1'000;
    }
};

}  // namespace LARDER_NAMESPACE::valkey
