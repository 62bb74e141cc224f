#include "program/version.hpp"

#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <boost/version.hpp>

namespace LARDER_NAMESPACE::program {

namespace {

std::string boost_version() {
    return std::to_string(BOOST_VERSION / 100'000) + "." +
           std::to_string(BOOST_VERSION / 100 % 1000) + "." + std::to_string(BOOST_VERSION % 100);
}

// 150013 is 15.13.
std::string libpq_version() {
    const auto number = ::PQlibVersion();
    return std::to_string(number / 10'000) + "." + std::to_string(number % 10'000);
}

}  // namespace

std::string text_of_version(const description& of) {
    return of.name + " " + of.version + ", commit " + (of.commit.empty() ? "unknown" : of.commit) +
           "\nBoost " + boost_version() + ", libpq " + libpq_version() + ", OpenSSL " +
           ::OpenSSL_version(OPENSSL_VERSION_STRING);
}

}  // namespace LARDER_NAMESPACE::program
