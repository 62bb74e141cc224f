// The first words on a connection to Valkey. Private to valkey.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "valkey/command.hpp"

namespace LARDER_NAMESPACE::valkey {

/// What a server says of its part in replication.
struct standing {
    bool is_replica = false;  ///< false as well where it does not say
    /// Another one whenever a replica was promoted: so a server that was demoted for a moment, and
    /// did not hear what was written elsewhere, has another one afterwards. Empty if it does not
    /// say.
    std::string history = {};

    bool operator==(const standing&) const = default;
};
inline const command ask_standing{"INFO", "replication"};
standing standing_of(const reply& to_ask_standing);
/// A field of what INFO answers; empty if it is not there.
std::string info_field(const reply& info, std::string_view name);
/// Why a replica is not used, for the log.
inline constexpr auto is_a_replica =
    "READONLY: it is a replica, which hears of changes late or never; give the primary's address";

/// What is sent first, together: PING, whose answer proves the login; the standing; tracking; how
/// many threads it has for connections; scripts.
std::vector<command> first_words(const std::vector<std::string>& scripts);

struct handshake {
    std::string refused = {};  ///< why the connection is of no use; for the log
    valkey::standing standing = {};
    bool tracking = false;
    std::string no_tracking = {};  ///< why not; for the log
    /// Then what it tells others of a command is sent before it answers the next one. False as well
    /// where it does not say. Where it says that it has several, there is no tracking.
    bool has_one_thread = false;
    std::vector<std::string> digests = {};  ///< of the scripts
};
handshake read_handshake(const std::vector<reply>& to_first_words);

inline constexpr auto no_answer = "it does not answer";
inline constexpr auto is_it_tls = "; does it speak TLS at this port? Without TLS it is valkey://";
inline constexpr auto has_several_threads =
    "its io-threads is above 1, so it may tell of a change after it has answered who made it; "
    "start it with io-threads 1";
inline constexpr auto login_refused =
    "the login was refused: check the user, password and database in the URI";

}  // namespace LARDER_NAMESPACE::valkey
