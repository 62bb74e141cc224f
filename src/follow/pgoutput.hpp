// What PostgreSQL's log says: the frames of a replication stream, and pgoutput's messages in them,
// protocol 1. Without any I/O. Private to larder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::follow {

/// A place in the log (an LSN).
using position = std::uint64_t;

// ---- Frames. Source: PostgreSQL, "Streaming Replication Protocol".

struct log_data {
    std::string_view message;  ///< one of pgoutput's
};
struct keepalive {
    position sent = 0;  ///< all before it was sent, or concerns nobody
    bool wants_answer = false;
};
using frame = std::variant<log_data, keepalive>;

/// Nothing if it is none of these, or cut off.
std::optional<frame> read_frame(std::string_view bytes);
/// That all before `done` was written, flushed and applied; at so many microseconds of this
/// machine's clock since 2000. The server answers it, or an idle one would say nothing.
std::string status_update(position done, std::int64_t now);

// ---- Messages. Source: PostgreSQL, "Logical Replication Message Formats".

/// A column's value in a row.
struct field {
    enum class kind : char {
        null,
        unchanged,  ///< it is long and stored apart, and was not changed: it is not in the log
        text
    };
    kind is = kind::null;
    std::string_view text = {};
};
/// The columns of a row, in the relation's order.
using tuple = std::span<const field>;

struct begun {
    std::uint32_t transaction = 0;
};
struct committed {
    position end = 0;
};
struct relation {
    struct column {
        bool is_key = false;  ///< of the replica identity
        std::string name;
        std::uint32_t type = 0;
    };
    std::uint32_t id = 0;
    char identity = 'd';  ///< d(efault), n(othing), f(ull), i(ndex)
    std::vector<column> columns;
};
struct changed_row {
    enum class kind : char { inserted, updated, deleted };
    /// How much of the row is known as it was before.
    enum class past : char {
        unknown,
        key,  ///< the columns of the replica identity
        whole
    };
    kind is = kind::inserted;
    std::uint32_t relation = 0;
    past known = past::unknown;
    tuple before = {}, after = {};
};
struct truncated {
    std::vector<std::uint32_t> relations;
};
/// A type, an origin, a message of somebody's.
struct other {};
using event = std::variant<begun, committed, relation, changed_row, truncated, other>;

/// Reads messages; what it returns refers to the message, and to the reader until the next one.
///
/// Errors   nothing for bytes that are no message, or not only one.
/// Cost     no allocation for a row, once it has seen the longest.
class pgoutput {
public:
    std::optional<event> read(std::string_view message);

private:
    std::vector<field> before_, after_;
};

}  // namespace LARDER_NAMESPACE::follow
