// Exit statuses, as in sysexits.h.
#pragma once

namespace larder::program {

inline constexpr int status_usage = 64, status_unavailable = 69, status_config = 78;

}  // namespace larder::program
