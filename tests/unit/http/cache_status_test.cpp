// Cache-Status as RFC 9211 has it.

#include "http/cache_status.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace LARDER_NAMESPACE::http {
namespace {

using namespace std::chrono_literals;

std::string text(const cache_status& status, std::string_view upstream = {}) {
    std::string out;
    append_cache_status(out, status, upstream);
    return out;
}

std::string detail(std::string_view words) { return text({.detail = words}); }

TEST(cache_status, of_a_hit) {
    EXPECT_EQ(text({}), "larder; hit");
    EXPECT_EQ(text({.ttl = 27s, .detail = "local"}), "larder; hit; ttl=27; detail=local");
    EXPECT_EQ(text({.ttl = 0s}), "larder; hit; ttl=0");
    EXPECT_EQ(text({.ttl = -412s}), "larder; hit; ttl=-412");
}

TEST(cache_status, of_a_load) {
    EXPECT_EQ(text({.fwd = forwarded::uri_miss, .stored = true}), "larder; fwd=uri-miss; stored");
    EXPECT_EQ(text({.fwd = forwarded::uri_miss, .collapsed = true}),
              "larder; fwd=uri-miss; collapsed");
    EXPECT_EQ(text({.fwd = forwarded::uri_miss, .stored = true, .collapsed = true, .ttl = 120s}),
              "larder; fwd=uri-miss; stored; collapsed; ttl=120");
    EXPECT_EQ(text({.fwd = forwarded::bypass, .detail = "valkey-down"}),
              "larder; fwd=bypass; detail=valkey-down");
}

TEST(cache_status, names_every_reason) {
    const std::vector<std::pair<forwarded, std::string>> reasons{
        {forwarded::uri_miss, "uri-miss"}, {forwarded::stale, "stale"},
        {forwarded::request, "request"},   {forwarded::method, "method"},
        {forwarded::bypass, "bypass"},
    };
    for (const auto& [why, name] : reasons) EXPECT_EQ(text({.fwd = why}), "larder; fwd=" + name);
}

TEST(cache_status, writes_a_detail_as_a_token_if_it_is_one) {
    for (const std::string word :
         {"a", "local", "*", "*a", "A1", "a:b/c", "azAZ09", "a!#$%&'*+-.^_`|~9"})
        EXPECT_EQ(detail(word), "larder; hit; detail=" + word);
}

TEST(cache_status, writes_any_other_detail_as_a_string) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"Valkey is down", R"("Valkey is down")"},
        {"1a", R"("1a")"},
        {"-a", R"("-a")"},
        {":a", R"(":a")"},
        {"a,b", R"("a,b")"},
        {"a;b", R"("a;b")"},
        {"a=b", R"("a=b")"},
        {"a()", "\"a()\""},
        {"say \"no\"", R"("say \"no\"")"},
        {R"(a\b)", R"("a\\b")"},
        {"~ ", R"("~ ")"},
    };
    for (const auto& [word, written] : cases)
        EXPECT_EQ(detail(word), "larder; hit; detail=" + written);
}

TEST(cache_status, has_no_byte_that_a_header_must_not_have) {
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        const bool printable = byte >= 0x20 && byte < 0x7F;
        const auto written = c == '"' || c == '\\' ? std::string{'\\', c}
                             : printable           ? std::string{c}
                                                   : "?";
        EXPECT_EQ(detail(std::string{' ', c}), "larder; hit; detail=\" " + written + '"') << byte;
    }
    EXPECT_EQ(detail("a\r\nset-cookie: b"), "larder; hit; detail=\"a??set-cookie: b\"");
}

TEST(cache_status, stands_behind_what_the_source_s_caches_wrote) {
    EXPECT_EQ(text({.ttl = 1s}, "origin; hit; ttl=5"), "origin; hit; ttl=5, larder; hit; ttl=1");
    EXPECT_EQ(text({}, "a; hit, b; fwd=miss"), "a; hit, b; fwd=miss, larder; hit");
}

TEST(append_cache_status, leaves_what_is_there) {
    std::string out = "cache-status: ";
    append_cache_status(out, {});
    EXPECT_EQ(out, "cache-status: larder; hit");
}

}  // namespace
}  // namespace LARDER_NAMESPACE::http
