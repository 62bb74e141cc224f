// What is built into the program and answered as it is. Private to larder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/etag.hpp"
#include "larder/http/message.hpp"

namespace LARDER_NAMESPACE::http {

/// Answers the same to everybody, but for the coding.
class file {
public:
    /// What they view has to outlive it. `gzipped` may be empty: then there is none. `policy` is
    /// its content-security-policy; empty: none.
    file(std::string_view content, std::string_view type, std::string policy = {},
         std::string_view gzipped = {});

    response answer(const request& r) const;

private:
    // The bytes, and their tag.
    struct representation {
        explicit representation(std::string_view bytes) : content(bytes), etag(etag_of(bytes)) {}
        std::string_view content;
        entity_tag etag;
    };

    representation plain_;
    std::optional<representation> gzipped_;
    std::string_view type_;
    std::string policy_;
};

/// Nothing from elsewhere and nothing inline, but for what `more_styles` says.
std::string content_security_policy(std::string_view more_styles = {});

}  // namespace LARDER_NAMESPACE::http
