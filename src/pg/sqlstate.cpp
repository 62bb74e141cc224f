#include "sqlstate.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "larder/pg/error.hpp"

namespace LARDER_NAMESPACE::pg {

namespace {

using namespace std::string_view_literals;

// One is meant by its five characters, a class by its two.
template <std::size_t N>
bool is_one_of(std::string_view state, const std::array<std::string_view, N>& list) {
    return std::ranges::any_of(list, [&](auto one) { return state.starts_with(one); });
}

}  // namespace

bool error::is_passing() const {
    return kind_ != failure::interrupted && sqlstate::is_passing(sqlstate_);
}

namespace sqlstate {

bool ends_session(std::string_view state) {
    return is_one_of(state,
                     std::array{"08"sv, "25P03"sv, "57P01"sv, "57P02"sv, "57P04"sv, "57P05"sv});
}

// A read-only transaction: the server was in recovery when the session began, or the session is
// read-only. A transaction that failed before ours began: somebody else's, on a shared session.
bool is_of_session(std::string_view state) {
    return is_one_of(state, std::array{"25006"sv, "25P02"sv});
}

bool may_be_of_session(std::string_view state) {
    return is_one_of(state, std::array{"3F000"sv, "42501"sv, "42704"sv, "42883"sv, "42P01"sv});
}

bool is_for_now(std::string_view state) {
    return state == "57014" || is_of_session(state) || is_passing(state);
}

bool is_passing(std::string_view state) {
    return is_one_of(state, std::array{"40001"sv, "40P01"sv, "53"sv, "55P03"sv, "57P01"sv,
                                       "57P02"sv, "57P03"sv});
}

bool keeps_out(std::string_view state) {
    return is_one_of(state, std::array{"08P01"sv, "28"sv, "3D000"sv, "42501"sv});
}

bool is_of_preparation(std::string_view state) {
    return is_one_of(state, std::array{"0A000"sv, "26000"sv});
}

std::string sentence_for(std::string_view state) {
    static constexpr std::array<std::pair<std::string_view, const char*>, 15> list{{
        {"08", "the connection was lost"},
        {"25006", "it takes no changes now"},
        {"28", "the login was refused"},
        {"3D000", "there is no such database"},
        {"40", "other transactions were in the way"},
        {"53100", "it has no room left"},
        {"53200", "it has no memory left"},
        {"53300", "it has no connection left"},
        {"53", "it lacks resources"},
        {"55P03", "somebody holds a lock for too long"},
        {"57014", "it took too long or was canceled"},
        {"57P03", "it does not take connections yet"},
        {"57P04", "the database was dropped"},
        {"57", "it ended the session"},
        {"42501", "the login was refused"},
    }};
    const auto* const known =
        std::ranges::find_if(list, [&](const auto& one) { return state.starts_with(one.first); });
    return known == list.end() ? "it refuses for now" : known->second;
}

// The word before it may be in any language: "connection to server at ... failed: FATAL:  28P01:
// password authentication failed ...".
std::string in_words_of_login(std::string_view said) {
    const auto is_of_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    for (auto at = said.find(":  "); at != said.npos; at = said.find(":  ", at + 1)) {
        const auto code = said.substr(at + 3, 5);
        if (code.size() == 5 && std::ranges::all_of(code, is_of_code) &&
            said.substr(at + 8, 2) == ": ")
            return std::string{code};
    }
    return {};
}

}  // namespace sqlstate

}  // namespace LARDER_NAMESPACE::pg
