// The pages /docs (Swagger UI) and /redoc and what they load, built into the program.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "larder/app.hpp"

namespace LARDER_NAMESPACE {

struct docs_page {
    std::string path;
    std::unique_ptr<endpoint> answer;
};

/// With the document itself, at /openapi.json, which has to outlive them. They are answered whether
/// the service is ready or not.
std::vector<docs_page> docs_pages(std::string_view document);

}  // namespace LARDER_NAMESPACE
