// Runs the tests of one source:
//
//   integration_tests [TOPIC] [FLAG of GoogleTest]...
//
// TOPIC is the source's name without .cpp; without one all tests run. The tests of a topic share
// its servers, and nothing else is shared: ctest runs the program anew for each.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace {

// The names of all tests of the source, as a filter.
std::string tests_of(const std::string& source) {
    const auto& all = *testing::UnitTest::GetInstance();
    std::string names;
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        const auto& suite = *all.GetTestSuite(i);
        for (int j = 0; j < suite.total_test_count(); ++j) {
            const auto& test = *suite.GetTestInfo(j);
            if (std::string{test.file()}.ends_with(source))
                names += std::string{names.empty() ? "" : ":"} + suite.name() + '.' + test.name();
        }
    }
    return names;
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (argc > 1) {
        const std::string topic = argv[1];
        const auto names = tests_of('/' + topic + ".cpp");
        if (argc > 2 || names.empty()) {
            std::fprintf(stderr, "%s has no tests: say one source of tests, without .cpp\n",
                         argc > 2 ? argv[2] : topic.c_str());
            return 64;
        }
        if (GTEST_FLAG_GET(filter) == "*") GTEST_FLAG_SET(filter, names);
    }
    return RUN_ALL_TESTS();
}
