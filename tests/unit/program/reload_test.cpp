// What `serve --reload` decides, without a process; and what it takes for a change.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ostream>

#include "program/reload/handover.hpp"
#include "program/reload/sources.hpp"

namespace LARDER_NAMESPACE::program::reload {

void PrintTo(const handover::action& a, std::ostream* out) {
    *out << "what " << static_cast<int>(a.what) << " pid " << a.pid << " status " << a.status;
}

namespace {

using namespace std::chrono_literals;
using what = handover::what;
using actions = handover::actions;

constexpr pid_t builder = 90, first = 1, second = 2, third = 3;

struct reload_handover : testing::Test {
    handover::clock::time_point now{};
    handover it;

    void serve(pid_t program) {
        it.started(program);
        it.ready(program, now);
        now += 1h;
    }
    actions build(int status, bool made_new) {
        EXPECT_EQ(it.changed(), actions{{what::build}});
        it.builds(builder);
        return it.built(status, made_new);
    }
};

TEST_F(reload_handover, the_old_one_finishes_once_the_new_one_serves_and_not_before) {
    serve(first);
    EXPECT_EQ(build(0, true), actions{{what::start}});
    it.started(second);
    EXPECT_EQ(it.ready(second, now), (actions{{what::terminate, first}}));
    EXPECT_EQ(it.ended(first, 0, now), actions{});
}

TEST_F(reload_handover, a_build_that_fails_or_makes_nothing_new_leaves_who_serves) {
    serve(first);
    EXPECT_EQ(build(1, true), actions{{what::say_kept}});
    EXPECT_EQ(build(0, false), actions{});
}

TEST_F(reload_handover, a_new_program_that_ends_before_it_serves_leaves_the_old_one) {
    serve(first);
    build(0, true);
    it.started(second);
    EXPECT_EQ(it.ended(second, 78, now), actions{{what::say_kept}});
    EXPECT_EQ(it.ready(second, now), actions{}) << "it is dead";
    build(0, true);
    it.started(third);
    EXPECT_EQ(it.ready(third, now), (actions{{what::terminate, first}}));
}

TEST_F(reload_handover, changes_during_a_build_are_built_behind_it) {
    serve(first);
    it.changed();
    it.builds(builder);
    EXPECT_EQ(it.changed(), actions{});
    EXPECT_EQ(it.changed(), actions{});
    EXPECT_EQ(it.built(0, true), actions{{what::build}});
    it.builds(builder);
    EXPECT_EQ(it.built(0, true), actions{{what::start}});
}

TEST_F(reload_handover, who_is_overtaken_on_its_way_never_serves) {
    serve(first);
    build(0, true);
    it.started(second);
    EXPECT_EQ(build(0, true), (actions{{what::terminate, second}, {what::start}}));
    it.started(third);
    EXPECT_EQ(it.ready(second, now), actions{});
    EXPECT_EQ(it.ready(third, now), (actions{{what::terminate, first}}));
}

TEST_F(reload_handover, who_ends_by_itself_is_started_again_unless_that_would_go_round) {
    serve(first);
    EXPECT_EQ(it.ended(first, 139, now), actions{{what::start}});
    it.started(second);
    it.ready(second, now);
    EXPECT_EQ(it.ended(second, 139, now + 999ms), actions{{what::say_down}});
    EXPECT_EQ(build(1, false), actions{{what::say_down}});
    EXPECT_EQ(build(0, false), actions{{what::start}}) << "nobody serves, so it is worth a try";
}

TEST_F(reload_handover, the_very_first_program_has_to_serve) {
    it.started(first);
    EXPECT_EQ(it.ended(first, 78, now), (actions{{what::exit, 0, 78}}));
}

TEST_F(reload_handover, stop_waits_for_all_and_has_the_status_of_who_served) {
    serve(first);
    it.changed();
    it.builds(builder);
    EXPECT_EQ(it.stop(), (actions{{what::terminate, first}, {what::terminate, builder}}));
    EXPECT_EQ(it.changed(), actions{});
    EXPECT_EQ(it.stop(), (actions{{what::terminate, first}, {what::terminate, builder}}));
    EXPECT_EQ(it.built(143, false), actions{});
    EXPECT_EQ(it.ended(first, 1, now), (actions{{what::exit, 0, 1}}));
}

TEST_F(reload_handover, stop_during_a_handover_ends_both) {
    serve(first);
    build(0, true);
    it.started(second);
    EXPECT_EQ(it.stop(), (actions{{what::terminate, first}, {what::terminate, second}}));
    EXPECT_EQ(it.ended(second, 143, now), actions{});
    EXPECT_EQ(it.ended(first, 0, now), (actions{{what::exit, 0, 0}}));
}

TEST_F(reload_handover, stop_while_nobody_serves_ends_at_once) {
    serve(first);
    it.ended(first, 139, now - 1h);
    EXPECT_EQ(it.stop(), (actions{{what::exit, 0, 139}}));
}

// ---- sources ----

struct reload_sources : testing::Test {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("larder-sources-" + std::to_string(::getpid()));

    void SetUp() override { std::filesystem::create_directories(folder / "src"); }
    void TearDown() override { std::filesystem::remove_all(folder); }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((folder / name).parent_path());
        std::ofstream{folder / name} << text;
    }
};

TEST_F(reload_sources, a_change_counts_once_and_when_it_is_over) {
    write("src/a.cpp", "1");
    sources watched{{folder}};
    EXPECT_FALSE(watched.have_changed());
    write("src/a.cpp", "22");
    EXPECT_FALSE(watched.have_changed()) << "there may be more to come";
    write("src/a.cpp", "333");
    EXPECT_FALSE(watched.have_changed());
    EXPECT_TRUE(watched.have_changed());
    EXPECT_FALSE(watched.have_changed());
}

TEST_F(reload_sources, so_do_files_that_come_go_or_are_renamed) {
    sources watched{{folder}};
    const auto changes = [&] {
        const bool at_once = watched.have_changed();
        return !at_once && watched.have_changed();
    };
    write("src/deep/er/a.cpp", "1");
    EXPECT_TRUE(changes());
    std::filesystem::rename(folder / "src/deep/er/a.cpp", folder / "src/deep/er/b.cpp");
    EXPECT_TRUE(changes());
    std::filesystem::remove_all(folder / "src/deep");
    EXPECT_TRUE(changes());
}

TEST_F(reload_sources, what_is_hidden_or_built_is_left_out) {
    write("build/dev/CMakeCache.txt", "");
    sources watched{{folder}};
    for (const auto* name : {"build/dev/a.o", ".git/index", "src/.a.cpp.swp", "node_modules/a.js"})
        write(name, "1");
    EXPECT_FALSE(watched.have_changed());
    EXPECT_FALSE(watched.have_changed());
}

TEST_F(reload_sources, a_folder_that_vanishes_is_a_change_and_no_error) {
    write("src/a.cpp", "1");
    sources watched{{folder}};
    std::filesystem::remove_all(folder);
    EXPECT_FALSE(watched.have_changed());
    EXPECT_TRUE(watched.have_changed());
}

}  // namespace
}  // namespace LARDER_NAMESPACE::program::reload
