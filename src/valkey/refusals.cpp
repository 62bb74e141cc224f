#include "refusals.hpp"

#include <algorithm>
#include <array>

namespace LARDER_NAMESPACE::valkey {

namespace {

constexpr std::string_view in_script = "ERR ACL failure in script: ";

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// A script that failed, and a command that is unknown, are quoted at length.
std::string_view without_quotes(std::string_view error) {
    for (const std::string_view mark : {" script: ", ", with args", "\r", "\n"})
        error = error.substr(0, std::min(error.find(mark), error.size()));
    return error;
}

// What stands between the first two quotation marks; empty without.
std::string_view quoted(std::string_view text) {
    const auto begin = text.find('\'');
    if (begin == std::string_view::npos) return {};
    text.remove_prefix(begin + 1);
    const auto end = text.find('\'');
    return end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
}

std::string help(std::string_view error, std::string_view user) {
    const auto name = quoted(error);
    if (has(error, "to run the '") && !name.empty())
        return "to allow it: ACL SETUSER " + std::string{user} + " +" + std::string{name} +
               " (docs/reference.md has all that is needed)";
    if (has(error, "to access") && has(error, "key"))
        return "the user " + std::string{user} +
               " needs the cache's keys, ~num_orders:* say: docs/reference.md has the patterns";
    if (has(error, "unknown command"))
        return "is it a Sentinel, or a server older than Valkey 7.2? Give the URI of the primary";
    if (is_of_cluster(error))
        return "it is one node of a cluster, and only entries whose slots are on this node are "
               "cached; give the URI of a Valkey that has all slots";
    return {};
}

}  // namespace

bool is_of_cluster(std::string_view error) {
    constexpr std::array<std::string_view, 5> codes{"MOVED ", "ASK ", "CLUSTERDOWN ", "TRYAGAIN ",
                                                    "CROSSSLOT "};
    return std::ranges::any_of(codes, [&](auto code) { return error.starts_with(code); });
}

std::string with_help(std::string_view error, std::string_view user) {
    std::string sentence;
    if (error.starts_with(in_script)) {
        sentence = "NOPERM ";
        error.remove_prefix(in_script.size());
    }
    sentence += without_quotes(error);
    const auto what_helps = help(sentence, user);
    return what_helps.empty() ? sentence : sentence + "; " + what_helps;
}

}  // namespace LARDER_NAMESPACE::valkey
