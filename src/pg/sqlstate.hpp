// What PostgreSQL's error codes (appendix A of its manual) mean for who sent a statement. Private
// to larder.
#pragma once

#include <string>
#include <string_view>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::pg::sqlstate {

/// The server ends the session with it, maybe right after a commit.
bool ends_session(std::string_view state);

/// It speaks of the session and not of the statement: another one may be let do it.
bool is_of_session(std::string_view state);

/// It may be of the session: the names, rights and search path that it began with.
bool may_be_of_session(std::string_view state);

/// It may work in a moment, as it is.
bool is_for_now(std::string_view state);

/// is_for_now(), and it comes soon: a statement that took too long would take as long again.
bool is_passing(std::string_view state);

/// The next login will be refused as this one was: by the role, its password or its rights, or by a
/// pooler in between.
bool keeps_out(std::string_view state);

/// A prepared statement that the server forgot (a pooler in between, DISCARD) or that a change of
/// the schema made unusable; nothing ran.
bool is_of_preparation(std::string_view state);

/// What clients are told of a server that is unavailable: one sentence that names nothing.
std::string sentence_for(std::string_view state);

/// The code in what libpq says of a login, verbosely; empty if there is none.
std::string in_words_of_login(std::string_view said);

}  // namespace LARDER_NAMESPACE::pg::sqlstate
