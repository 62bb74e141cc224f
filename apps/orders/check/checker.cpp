#include "check/checker.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>
#include <thread>

#include "check/count.hpp"
#include "check/findings.hpp"
#include "check/instances.hpp"
#include "check/truth.hpp"
#include "larder/check/client.hpp"
#include "larder/check/ledger.hpp"
#include "larder/json.hpp"
#include "sample/failure.hpp"

namespace orders::check {

namespace {

using larder::check::client, larder::check::clock, larder::check::failure, larder::check::key;
using larder::check::outcome, larder::check::reading;
using std::chrono::milliseconds;

std::int64_t in_ms(clock::duration time) { return std::chrono::ceil<milliseconds>(time).count(); }

}  // namespace

struct checker::state {
    state(options o, std::atomic<bool>& stopped);

    void find_instances();
    void ask_each_once();
    void read(findings& found);
    void write(findings& found);
    void write_as_another_program();
    bool is_over() const { return stopped || (how.reads > 0 && reads_done >= how.reads); }
    void check_count(const instance& at, const reading& asked, std::int64_t count,
                     findings& found) const;
    bool is_right(instance& at, const std::vector<std::int64_t>& counts) const;
    void settle(report& into);
    report add_up(const findings& found, clock::duration elapsed);

    options how;
    std::atomic<bool>& stopped;
    check::truth truth;
    std::vector<std::unique_ptr<instance>> instances;
    std::vector<std::int64_t> base;
    run_mark mark;
    std::unique_ptr<larder::check::ledger> ledger;
    order_book orders;
    std::atomic<std::int64_t> reads_done{0};
};

checker::state::state(options o, std::atomic<bool>& stop)
    : how(std::move(o)), stopped(stop), truth(how.source, how.customers) {
    find_instances();
    ask_each_once();
    mark.after_order = truth.last_order();
    std::random_device random;
    mark.tax_cents = std::uniform_int_distribution<std::int64_t>{1, 99'999'999}(random);
    base = truth.counts();
    ledger = std::make_unique<larder::check::ledger>(base, clock::now());
}

void checker::state::find_instances() {
    if (how.urls.empty())
        throw sample::failure{"there is no instance to check: name one", exit_usage};
    for (const auto& url : how.urls) instances.push_back(instance_at(url, how.customers));
    if (how.write_urls.empty()) return;
    for (const auto& one : instances) one->takes_writes = false;
    for (const auto& url : how.write_urls) {
        const auto authority = parse_or_throw(url).authority();
        const auto found = std::ranges::find(instances, authority, &instance::authority);
        if (found == instances.end())
            throw sample::failure{url + " is to take writes, but is none of the instances",
                                  exit_usage};
        (*found)->takes_writes = true;
    }
}

void checker::state::ask_each_once() {
    for (const auto& one : instances) {
        const auto got = client{one->to, how.timeout}.exchange(one->gets[0]);
        if (got.failure == failure::none && got.status == 200) continue;
        const auto why = got.failure != failure::none
                             ? std::string{"does not answer"}
                             : "answers " + std::to_string(got.status) + " " + got.body;
        throw sample::failure{one->url + " " + why, sample::exit_unavailable};
    }
}

void checker::state::read(findings& found) {
    links to{instances, how.timeout, false};
    while (!is_over()) {
        auto* const at = to.pick();
        if (!at) {
            std::this_thread::sleep_for(milliseconds{2});
            continue;
        }
        const auto which = to.below(2) == 0 ? 0 : 1 + to.below(base.size() - 1);
        auto asked = ledger->begin(which);
        asked.began = clock::now();
        const auto got = to.exchange(at->gets[which], found.errors);
        if (got.failure != failure::none || got.status != 200) continue;
        const auto count = count_in(got.body);
        if (!count) {
            ++found.errors.garbled;
            continue;
        }
        check_count(*at, asked, *count, found);
        ++found.reads;
        ++at->reads;
        ++reads_done;
        to.pause(how.read_pause);
    }
}

void checker::state::check_count(const instance& at, const reading& asked, std::int64_t count,
                                 findings& found) const {
    const auto verdict = ledger->judge(asked, count);
    if (!verdict.overcounted && !verdict.stale_for) return;
    found.overcounts += verdict.overcounted;
    const bool too_stale =
        verdict.stale_for && (verdict.below_base || *verdict.stale_for > how.allowed_stale);
    if (verdict.stale_for) {
        ++found.stale;
        found.too_stale += too_stale;
        found.worst = std::max(found.worst, *verdict.stale_for);
    }
    if (found.sentences.size() >= most_sentences || !(too_stale || verdict.overcounted)) return;
    found.sentences.push_back(
        at.url + instance::path(asked.key) + " said " + std::to_string(count) + ", not " +
        std::to_string(verdict.at_least) + " to " + std::to_string(verdict.at_most) +
        (verdict.stale_for ? ": stale by " + std::to_string(in_ms(*verdict.stale_for)) + " ms"
                           : ": too many"));
}

void checker::state::write(findings& found) {
    links to{instances, how.timeout, true};
    while (!is_over()) {
        auto* const at = to.pick();
        if (!at) {
            std::this_thread::sleep_for(milliseconds{2});
            continue;
        }
        const auto customer = 1 + to.below(base.size() - 1);
        const auto number = orders.add();
        const auto request = at->post(R"({"orderdate":"2023-03-10","customerid":)" +
                                      std::to_string(customer) + R"(,"netamount":)" +
                                      amount(number) + R"(,"tax":)" + amount(mark.tax_cents) + "}");
        ledger->start(customer);
        const auto got = to.exchange(request, found.errors);
        const auto became = larder::check::outcome_of(got);
        if (became == outcome::stored) {
            ledger->acknowledge(customer, clock::now());
            ++at->writes;
        }
        orders.set(number, became);
        to.pause(how.write_pause);
    }
}

void checker::state::write_as_another_program() {
    check::truth source{how.source, how.customers};
    std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<key> any{1, base.size() - 1};
    std::uniform_int_distribution<std::int64_t> pause{0, how.write_pause.count() * 2'000};
    while (!is_over()) {
        const auto customer = any(random);
        const auto number = orders.add();
        ledger->start(customer);
        try {
            source.add_order(mark, number, static_cast<std::int64_t>(customer));
            ledger->acknowledge(customer, clock::now());
            orders.set(number, outcome::stored);
        } catch (const sample::failure&) {
            orders.set(number, outcome::unknown);
            std::this_thread::sleep_for(milliseconds{50});
        }
        std::this_thread::sleep_for(std::chrono::microseconds{pause(random)});
    }
}

bool checker::state::is_right(instance& at, const std::vector<std::int64_t>& counts) const {
    client connection{at.to, how.timeout};
    for (key k = 0; k < counts.size(); ++k) {
        const auto got = connection.exchange(at.gets[k]);
        if (got.failure != failure::none || count_in(got.body) != counts[k]) return false;
    }
    return true;
}

// An order whose outcome was unknown may still be stored now, so PostgreSQL is asked each time.
void checker::state::settle(report& into) {
    const auto until = clock::now() + how.settle;
    while (true) {
        try {
            const auto counts = truth.counts();
            into.wrong_at_the_end = std::ranges::count_if(
                instances, [&](const auto& one) { return !is_right(*one, counts); });
            if (into.wrong_at_the_end == 0 || clock::now() >= until) {
                const auto left = truth.left_by(mark);
                orders.compare(left.rows_of, into);
                into.foreign_orders = left.all_orders - base[0];
                for (const auto& [number, times] : left.rows_of) into.foreign_orders -= times;
                return;
            }
        } catch (const sample::failure&) {
            if (clock::now() >= until) throw;
        }
        std::this_thread::sleep_for(milliseconds{10});
    }
}

report checker::state::add_up(const findings& found, clock::duration elapsed) {
    report all{.instances = static_cast<std::int64_t>(instances.size()),
               .elapsed_ms = in_ms(elapsed),
               .reads = found.reads,
               .errors = found.errors,
               .stale_reads = found.stale,
               .worst_stale_ms = in_ms(found.worst),
               .allowed_stale_ms = how.allowed_stale.count(),
               .too_stale_reads = found.too_stale,
               .overcounts = found.overcounts,
               .first_violations = found.sentences};
    all.reads_per_second = found.reads * 1'000 / std::max<std::int64_t>(1, all.elapsed_ms);
    settle(all);
    all.consistent = is_consistent(all);
    return all;
}

checker::checker(options how) : state_(std::make_unique<state>(std::move(how), stopped_)) {}
checker::~checker() = default;

std::int64_t checker::reads_through(std::size_t instance) const {
    return state_->instances.at(instance)->reads;
}

std::int64_t checker::writes_through(std::size_t instance) const {
    return state_->instances.at(instance)->writes;
}

report checker::run() {
    auto& at = *state_;
    const auto begin = clock::now();
    std::vector<findings> found(at.how.readers + at.how.writers);
    {
        std::vector<std::jthread> threads;
        threads.reserve(found.size());
        for (unsigned i = 0; i < found.size(); ++i)
            threads.emplace_back([&at, &into = found[i], reads = i < at.how.readers] {
                if (reads) at.read(into);
                else if (at.how.is_external) at.write_as_another_program();
                else at.write(into);
            });
        while (!at.is_over() && clock::now() - begin < at.how.duration)
            std::this_thread::sleep_for(milliseconds{5});
        stopped_ = true;
    }
    findings sum;
    for (const auto& one : found) sum.add(one);
    return at.add_up(sum, clock::now() - begin);
}

namespace {

// A signal handler reaches nothing but globals.
std::atomic<checker*> running{nullptr};
static_assert(std::atomic<checker*>::is_always_lock_free);

extern "C" void end_run(int signal) {
    if (auto* const one = running.load()) one->stop();
    std::signal(signal, SIG_DFL);  // the second one ends the program
}

report run_until_signal(options how) {
    checker one{std::move(how)};
    running = &one;
    std::signal(SIGINT, end_run);
    std::signal(SIGTERM, end_run);
    auto found = one.run();
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    running = nullptr;
    return found;
}

}  // namespace

int check(options how, bool as_json) {
    try {
        const auto found = run_until_signal(std::move(how));
        const auto out = as_json ? larder::json::text(found) + "\n" : text(found);
        std::fputs(out.c_str(), stdout);
        return found.consistent ? 0 : sample::exit_failed;
    } catch (const sample::failure& refused) {
        std::fprintf(stderr, "orders check: %s\n", refused.what());
        return refused.exit_status();
    }
}

}  // namespace orders::check
