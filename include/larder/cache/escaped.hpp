// Texts as parts of keys.
#pragma once

#include <string>
#include <string_view>

namespace larder::cache {

/// A text as part of a key: letters, digits, `_`, `.` and `-` stand for themselves, and other bytes
/// are percent-encoded. So is the `a` of `all`, which is the entry over all rows. A long one is
/// `~` and its SHA-256, so that a key has at most 200 bytes more than its family.
std::string escaped(std::string_view text);

}  // namespace larder::cache
