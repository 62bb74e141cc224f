// What happens while things fail: no answer is ever stale by more than a second, no order is lost
// or doubled, service is restored within a second of the end of the fault, and from then on nothing
// is stale at all.

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <numeric>

#include "cluster.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

struct chaos_fault {
    std::string name;
    std::function<void(cluster&)> begin, end;
    milliseconds lasts = 500ms;
    /// The instances from this one on serve all the time; 3: none has to.
    std::size_t unharmed_from = 0;
    /// How long after the fault the connections to Valkey may be away.
    milliseconds back_within = a_second;
};

void PrintTo(const chaos_fault& one, std::ostream* out) { *out << one.name; }

std::string name_of(const testing::TestParamInfo<chaos_fault>& row) { return row.param.name; }

std::vector<std::size_t> instances_from(std::size_t first) {
    std::vector<std::size_t> list(3 - first);
    std::iota(list.begin(), list.end(), first);
    return list;
}

class chaos : public testing::TestWithParam<chaos_fault> {
protected:
    explicit chaos(transport over = transport::tcp, const environment& more = {})
        : all_{3, orders_serve, more, ways::gated, over} {}

    void survive(const chaos_fault& one) {
        auto how = all_.checking();
        how.timeout = 300ms * slack;
        // What is looked for lasts a second.
        how.read_pause = 8ms;
        how.write_pause = 40ms;
        how.allowed_stale = a_second;
        {
            background_check during{how};
            ASSERT_TRUE(during.all_serve(instances_from(0), patience)) << "not even before";
            one.begin(all_);
            if (one.unharmed_from < all_.size()) {
                EXPECT_TRUE(during.all_serve(instances_from(one.unharmed_from), a_second))
                    << "those that are unharmed do not serve";
            }
            during.goes_on_for(one.lasts);
            one.end(all_);
            const auto mended = std::chrono::steady_clock::now();
            EXPECT_TRUE(during.all_serve(instances_from(0), a_second))
                << "service is not restored within a second";
            const auto taken = std::chrono::steady_clock::now() - mended;
            during.goes_on_for(std::chrono::ceil<milliseconds>(one.back_within - taken));
            tell("during", during.finish());
        }
        how.allowed_stale = 0ms;
        how.read_pause = 0ms;
        how.write_pause = 10ms;
        how.duration = 300ms;
        tell("afterwards", orders::check::checker{how}.run());
    }

private:
    static void tell(const char* when, const orders::check::report& found) {
        std::printf("%s: %d reads, %d writes, %d errors, %d stale, the worst by %d ms\n", when,
                    static_cast<int>(found.reads), static_cast<int>(found.writes),
                    static_cast<int>(found.errors.sum()), static_cast<int>(found.stale_reads),
                    static_cast<int>(found.worst_stale_ms));
        EXPECT_TRUE(found.consistent) << when << ":\n" << text(found);
        EXPECT_EQ(found.foreign_orders, 0);
    }

    cluster all_;
};

// ---- processes ----

chaos_fault of_instance(const std::string& name, void (instance::*begin)(), void (instance::*end)(),
                        milliseconds lasts) {
    return {.name = name,
            .begin = [begin](cluster& all) { (all.at(0).*begin)(); },
            .end = [end](cluster& all) { (all.at(0).*end)(); },
            .lasts = lasts,
            .unharmed_from = 1};
}

template <class Server>
chaos_fault of_server(const std::string& name, Server backends::* server,
                      void (private_server::*begin)(), void (private_server::*end)(),
                      milliseconds lasts, std::size_t unharmed_from) {
    return {.name = name,
            .begin = [=](cluster& all) { (all.servers.*server.*begin)(); },
            .end = [=](cluster& all) { (all.servers.*server.*end)(); },
            .lasts = lasts,
            .unharmed_from = unharmed_from};
}

std::vector<chaos_fault> process_faults() {
    using server = private_server;
    return {
        of_instance("instance_killed", &instance::kill, &instance::start, 500ms),
        of_instance("instance_frozen", &instance::freeze, &instance::thaw, 2s),
        of_server("valkey_killed", &backends::valkey, &server::kill, &server::start, 500ms, 0),
        of_server("valkey_frozen", &backends::valkey, &server::freeze, &server::thaw, 2s, 0),
        of_server("postgres_stopped", &backends::postgres, &server::stop, &server::start, 300ms, 3),
        of_server("postgres_crashed", &backends::postgres, &server::kill, &server::start, 300ms, 3),
    };
}

struct process_chaos : chaos {};
TEST_P(process_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, process_chaos, testing::ValuesIn(process_faults()), name_of);

// ---- the network ----

struct network_fault {
    std::string name;
    std::function<void(gate&)> begin;
    milliseconds lasts = 500ms;
    /// The server cannot be reached meanwhile, or hardly.
    bool cuts_off = true;
};

std::vector<network_fault> network_faults() {
    using kind = flow::kind;
    const auto new_ones = [](admission how) {
        return [how](gate& at) {
            at.admit(how);
            at.reset();
        };
    };
    const auto both_ways = [](flow how) { return [how](gate& at) { at.both_ways(how); }; };
    return {
        {"refused", new_ones(admission::refuse)},
        {"silent", new_ones(admission::silent), 1'500ms},
        {"reset", new_ones(admission::reset)},
        {"half_closed_by_server", [](gate& at) { at.to_client({.what = flow::kind::half_close}); }},
        {"half_closed_by_client", [](gate& at) { at.to_server({.what = flow::kind::half_close}); }},
        {"a_little_late", both_ways({.what = kind::delay, .delay = 10ms}), 500ms, false},
        {"too_late", both_ways({.what = kind::delay, .delay = 200ms}), 1'500ms},
        {"in_slices", both_ways({.what = kind::slices})},
        {"cut_after_1000_bytes", both_ways({.what = kind::cut, .bytes = 1'000})},
        {"black_hole", both_ways({.what = kind::hold}), 1'500ms},
        {"black_hole_to_server", [](gate& at) { at.to_server({.what = flow::kind::hold}); },
         1'500ms},
        {"black_hole_to_client", [](gate& at) { at.to_client({.what = flow::kind::hold}); },
         1'500ms},
    };
}

enum class links { one, all };

chaos_fault on_links(const network_fault& what, gate instance::* way, links which) {
    const auto each = [way, which](cluster& all, const std::function<void(gate&)>& act) {
        for (auto* one : all.all()) {
            act(one->*way);
            if (which == links::one) return;
        }
    };
    return {.name = what.name + (which == links::one ? "_for_one" : "_for_all"),
            .begin = [each, what](cluster& all) { each(all, what.begin); },
            .end = [each](cluster& all) { each(all, [](gate& at) { at.heal(); }); },
            .lasts = what.lasts};
}

std::vector<chaos_fault> valkey_link_faults() {
    std::vector<chaos_fault> list;
    for (const auto& what : network_faults())
        for (const auto which : {links::one, links::all}) {
            list.push_back(on_links(what, &instance::to_valkey, which));
        }
    return list;
}

std::vector<chaos_fault> postgres_link_faults() {
    std::vector<chaos_fault> list;
    for (const auto& what : network_faults())
        for (const auto which : {links::one, links::all}) {
            auto one = on_links(what, &instance::to_postgres, which);
            one.lasts = std::min(one.lasts, 500ms);
            one.back_within = 100ms;  // they were never away
            if (what.cuts_off) one.unharmed_from = which == links::one ? 1 : 3;
            list.push_back(one);
        }
    return list;
}

struct valkey_link_chaos : chaos {};
TEST_P(valkey_link_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, valkey_link_chaos, testing::ValuesIn(valkey_link_faults()),
                         name_of);

struct postgres_link_chaos : chaos {};
TEST_P(postgres_link_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, postgres_link_chaos, testing::ValuesIn(postgres_link_faults()),
                         name_of);

// ---- Valkey by other ways ----

/// These of them, or all in a long run.
std::vector<chaos_fault> some_of(std::vector<chaos_fault> list,
                                 const std::vector<std::string>& names) {
    if (std::getenv("LARDER_SOAK") != nullptr) return list;
    std::erase_if(list, [&](const chaos_fault& one) {
        return std::ranges::find(names, one.name) == names.end();
    });
    return list;
}

std::vector<chaos_fault> tls_faults() {
    auto list = process_faults();
    std::erase_if(list, [](const chaos_fault& one) { return one.name.starts_with("postgres"); });
    std::ranges::copy(valkey_link_faults(), std::back_inserter(list));
    return some_of(list,
                   {"instance_frozen", "valkey_killed", "refused_for_one", "in_slices_for_all",
                    "cut_after_1000_bytes_for_one", "black_hole_to_client_for_one"});
}

struct tls_chaos : chaos {
    tls_chaos() : chaos{transport::tls} {}
};
TEST_P(tls_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, tls_chaos, testing::ValuesIn(tls_faults()), name_of);

// ---- while the log is followed, so that a write holds nothing ----

std::vector<chaos_fault> followed_faults() {
    auto list = process_faults();
    std::ranges::copy(valkey_link_faults(), std::back_inserter(list));
    std::ranges::copy(postgres_link_faults(), std::back_inserter(list));
    return some_of(list, {"instance_killed", "instance_frozen", "valkey_killed", "valkey_frozen",
                          "postgres_crashed", "refused_for_one", "in_slices_for_all",
                          "black_hole_to_client_for_one"});
}

struct followed_chaos : chaos {
    followed_chaos() : chaos{transport::tcp, followed()} {}
};
TEST_P(followed_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, followed_chaos, testing::ValuesIn(followed_faults()),
                         [](const auto& one) {
                             return one.param.name + '_' + std::to_string(one.index);
                         });

std::vector<chaos_fault> unix_socket_faults() {
    auto list = process_faults();
    std::erase_if(list, [](const chaos_fault& one) { return one.name.starts_with("postgres"); });
    return some_of(list, {"instance_frozen", "valkey_killed"});
}

struct unix_socket_chaos : chaos {
    unix_socket_chaos() : chaos{transport::unix_socket} {}
};
TEST_P(unix_socket_chaos, is_survived) { survive(GetParam()); }
INSTANTIATE_TEST_SUITE_P(faults, unix_socket_chaos, testing::ValuesIn(unix_socket_faults()),
                         name_of);

}  // namespace
}  // namespace larder::test
