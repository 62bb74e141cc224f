#include "handshake.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace LARDER_NAMESPACE::valkey {

namespace {

enum place : std::size_t { ping, replication, tracking, threads, scripts };

}  // namespace

std::string info_field(const reply& info, std::string_view name) {
    const auto line = "\r\n" + std::string{name} + ':';
    const auto at = info.text.find(line);
    if (at == std::string::npos) return {};
    const auto begin = at + line.size();
    return info.text.substr(begin, info.text.find('\r', begin) - begin);
}

standing standing_of(const reply& to_ask_standing) {
    return {.is_replica = info_field(to_ask_standing, "role") == "slave",
            .history = info_field(to_ask_standing, "master_replid")};
}

std::vector<command> first_words(const std::vector<std::string>& scripts) {
    std::vector<command> words;
    words.reserve(place::scripts + scripts.size());
    words.emplace_back(1, "PING");
    words.push_back(ask_standing);
    // Without NOLOOP, which makes Valkey forget the key for everybody's later changes.
    words.push_back({"CLIENT", "TRACKING", "ON", "OPTIN"});
    words.push_back({"CONFIG", "GET", "io-threads"});
    for (const auto& script : scripts) words.push_back({"SCRIPT", "LOAD", script});
    return words;
}

handshake read_handshake(const std::vector<reply>& all) {
    handshake result;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const bool may_be_refused =
            i == place::tracking || i == place::replication || i == place::threads;
        if (all[i].is != reply::kind::error || may_be_refused) continue;
        result.refused = all[i].text.starts_with("NOAUTH") ? login_refused : all[i].text;
        return result;
    }
    result.standing = standing_of(all[place::replication]);
    if (result.standing.is_replica) {
        result.refused = is_a_replica;
        return result;
    }
    result.tracking = all[place::tracking].is == reply::kind::text;
    if (!result.tracking) result.no_tracking = all[place::tracking].text;
    const auto& configured = all[place::threads].list;  // a name and what it is set to
    result.has_one_thread = configured.size() == 2 && configured[1] == "1";
    if (configured.size() == 2 && !result.has_one_thread) {
        result.tracking = false;
        result.no_tracking = has_several_threads;
    }
    for (auto i = std::size_t{place::scripts}; i < all.size(); ++i)
        result.digests.push_back(all[i].text);
    return result;
}

}  // namespace LARDER_NAMESPACE::valkey
