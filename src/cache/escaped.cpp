#include "larder/cache/escaped.hpp"

#include <charconv>
#include <system_error>

#include "digest.hpp"
#include "larder/percent.hpp"

namespace larder::cache {

std::string escaped(std::string_view text) {
    constexpr std::size_t longest = 200;
    if (text == no_value) return "%61ll";
    auto out = percent_encode(text);
    // It marks a digest.
    for (auto at = out.find('~'); at != out.npos; at = out.find('~', at)) out.replace(at, 1, "%7E");
    return out.size() > longest ? "~" + digest_of(text) : out;
}

bool is_escaped(std::string_view part) {
    if (part.starts_with('~')) {
        constexpr std::string_view digits = "0123456789abcdef";
        return part.size() == 65 && part.find_first_not_of(digits, 1) == part.npos;
    }
    const auto text = percent_decode(part);
    return text && escaped(*text) == part;
}

bool is_plain_number(std::string_view part, std::int64_t least, std::int64_t most) {
    std::int64_t number = 0;
    const auto* end = part.data() + part.size();
    const auto read = std::from_chars(part.data(), end, number);
    return read.ec == std::errc{} && read.ptr == end && number >= least && number <= most &&
           std::to_string(number) == part;
}

std::string generation_of(std::string_view family) {
    return std::string{family}.append(1, ':').append(no_value);
}

std::vector<std::string> keys_of_row(std::string_view family, const key_parts& row) {
    std::vector<std::string> keys{std::string{family}};
    for (const auto& part : row) {
        const auto shorter = keys.size();
        for (std::size_t i = 0; part && i < shorter; ++i) keys.push_back(keys[i] + ':' + *part);
        for (std::size_t i = 0; i < shorter; ++i) keys[i].append(1, ':').append(no_value);
    }
    return keys;
}

}  // namespace larder::cache
