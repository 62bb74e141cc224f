// What libFuzzer's programs look at, for all that they have found and for what is like it: the same
// inputs each time. `./test soak` lets libFuzzer look for others.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "larder/namespace.hpp"

extern "C" {
int fuzz_request(const std::uint8_t* data, std::size_t size);
int fuzz_input(const std::uint8_t* data, std::size_t size);
int fuzz_log(const std::uint8_t* data, std::size_t size);
int fuzz_uri(const std::uint8_t* data, std::size_t size);
}

namespace LARDER_NAMESPACE {
namespace {

using bytes = std::vector<std::uint8_t>;

std::vector<bytes> corpus_of(const std::string& name) {
    std::vector<std::filesystem::path> files;
    for (const auto& one : std::filesystem::directory_iterator{LARDER_CORPUS "/" + name})
        files.push_back(one.path());
    std::sort(files.begin(), files.end());
    std::vector<bytes> all{{}};
    for (const auto& path : files) {
        std::ifstream in{path, std::ios::binary};
        all.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
    }
    return all;
}

/// One that is cut, has a byte changed, or goes on as another one does.
bytes like(const bytes& one, const bytes& other, std::mt19937& chance) {
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : chance() % n; };
    const auto at = [&](const bytes& of) {
        return of.begin() + static_cast<std::ptrdiff_t>(below(of.size() + 1));
    };
    auto made = one;
    switch (chance() % 4) {
        case 0: made.erase(at(made), made.end()); break;
        case 1: made.insert(at(made), static_cast<std::uint8_t>(chance())); break;
        case 2:
            made.erase(at(made), made.end());
            made.insert(made.end(), at(other), other.end());
            break;
        default:
            if (!made.empty()) made[below(made.size())] = static_cast<std::uint8_t>(chance());
    }
    return made;
}

// It ends the process with what it finds.
void look(const std::string& name, int (*at)(const std::uint8_t*, std::size_t)) {
    const auto found = corpus_of(name);
    ASSERT_GT(found.size(), 1U) << "no corpus";
    std::mt19937 chance{1};
    constexpr int each = 200;
    for (const auto& one : found) {
        at(one.data(), one.size());
        auto made = one;
        for (int i = 0; i < each; ++i) {
            made = like(i % 8 == 0 ? one : made, found[chance() % found.size()], chance);
            at(made.data(), made.size());
        }
    }
}

TEST(fuzz_corpus, has_no_request_that_breaks_a_law) { look("request", fuzz_request); }
TEST(fuzz_corpus, has_no_input_that_breaks_a_law) { look("input", fuzz_input); }
TEST(fuzz_corpus, has_no_log_that_breaks_a_law) { look("log", fuzz_log); }
TEST(fuzz_corpus, has_no_uri_that_breaks_a_law) { look("uri", fuzz_uri); }

}  // namespace
}  // namespace LARDER_NAMESPACE
