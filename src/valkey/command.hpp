// What is said to Valkey, and what it answers. Private to larder.
#pragma once

#include <string>
#include <vector>

namespace larder::valkey {

using command = std::vector<std::string>;

struct reply {
    enum class kind { no_answer, nothing, text, error, list };
    kind is = kind::no_answer;  ///< no_answer: in time; the command may have run all the same
    std::string text = {};      ///< also of an integer or an error
    std::vector<std::string> list = {};  ///< the texts in it, however deep

    bool was_answered() const { return is != kind::no_answer; }
    bool succeeded() const { return was_answered() && is != kind::error; }
};

}  // namespace larder::valkey
