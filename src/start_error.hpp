// Why a service cannot start. Private to larder.
#pragma once

#include <string>
#include <system_error>
#include <utility>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE {

/// One sentence as it is: std::system_error puts the words of its code behind, which are not those
/// of every library.
class start_error : public std::system_error {
public:
    start_error(std::error_code code, std::string sentence)
        : std::system_error(code), sentence_(std::move(sentence)) {}

    const char* what() const noexcept override { return sentence_.c_str(); }

private:
    const std::string sentence_;
};

}  // namespace LARDER_NAMESPACE
