#include "support/certificate.hpp"

#include <stdexcept>

#include "support/process.hpp"

namespace larder::test {

certificate::certificate(const std::string& names) {
    const auto made = run_to_end(
        {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-noenc", "-days", "2", "-subj", "/CN=larder test", "-addext", "subjectAltName=" + names,
         "-keyout", key(), "-out", file()},
        {});
    if (made.status != 0) throw std::runtime_error{"openssl: " + made.err};
}

}  // namespace larder::test
