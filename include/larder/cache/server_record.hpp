// Which Valkey a family's entries were last kept in, as the source remembers it.
#pragma once

#include <string>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::cache {

/// An address may lead to server A, then to B, and to A again, as it was before what was written
/// meanwhile. A process that was there all the time knows; one that begins then has to be told. So
/// the source keeps the name of the server whose entries are trusted.
struct server_record {
    enum class kind {
        unknown,   ///< the source does not answer: trust nothing yet
        not_kept,  ///< it may not keep it: each process trusts its own memory
        kept
    };
    kind is = kind::unknown;
    std::string server = {};  ///< empty: there was none so far
};

}  // namespace LARDER_NAMESPACE::cache
