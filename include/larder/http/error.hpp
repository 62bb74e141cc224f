// What a handler throws to answer something else.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "larder/http/input.hpp"

namespace LARDER_NAMESPACE::http {

/// An answer with `{"detail": ...}`, as FastAPI's HTTPException.
class error : public std::runtime_error {
public:
    error(unsigned status, const std::string& sentence)
        : std::runtime_error(sentence), status_(status) {}
    unsigned status() const { return status_; }

private:
    unsigned status_;
};

/// An answer 422 that names what is wrong with the input.
class invalid_input : public std::runtime_error {
public:
    explicit invalid_input(http::faults wrong)
        : std::runtime_error("invalid input"), faults_(std::move(wrong)) {}
    const http::faults& faults() const { return faults_; }

private:
    http::faults faults_;
};

}  // namespace LARDER_NAMESPACE::http
