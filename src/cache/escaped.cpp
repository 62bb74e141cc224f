#include "larder/cache/escaped.hpp"

#include "digest.hpp"
#include "larder/percent.hpp"

namespace larder::cache {

std::string escaped(std::string_view text) {
    constexpr std::size_t longest = 200;
    if (text == "all") return "%61ll";
    auto out = percent_encode(text);
    // It marks a digest.
    for (auto at = out.find('~'); at != out.npos; at = out.find('~', at)) out.replace(at, 1, "%7E");
    return out.size() > longest ? "~" + digest_of(text) : out;
}

}  // namespace larder::cache
