// A certificate of a test's own.
#pragma once

#include <string>

#include "support/scratch_folder.hpp"

namespace larder::test {

/// A certificate that signs itself, and its key.
struct certificate {
    /// `names` as openssl has them: "DNS:localhost,IP:127.0.0.1".
    explicit certificate(const std::string& names);

    std::string key() const { return folder.path + "/key.pem"; }
    std::string file() const { return folder.path + "/certificate.pem"; }

    scratch_folder folder{"tls"};
};

}  // namespace larder::test
