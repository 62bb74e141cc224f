#include "simulation/client.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "simulation/worker.hpp"
#include "simulation/world.hpp"

namespace larder::simulation {

namespace {

struct answer_of {
    operation& op;
    bool await_ready() const { return op.finished; }
    void await_suspend(std::coroutine_handle<> who) { op.waiter = who; }
    void await_resume() const {}
};

struct end_of {
    const connection& c;
    std::coroutine_handle<>& waiter;
    bool await_ready() const { return c.ended; }
    void await_suspend(std::coroutine_handle<> who) { waiter = who; }
    void await_resume() const {}
};

}  // namespace

client::client(world& w, worker& owner)
    : world_(w), owner_(owner), breaker_(std::chrono::milliseconds{deadline}) {}

void client::start() { owner_.spawn(keep_connected()); }

operation_ptr client::make(std::vector<command> commands, urgency how) const {
    auto op = std::make_shared<operation>();
    op->replies.resize(commands.size());
    op->commands = std::move(commands);
    op->how = how;
    op->sent = world_.now();
    op->deadline = op->sent + (how == urgency::request ? deadline : patient_deadline);
    return op;
}

task<replies> client::call(std::vector<command> commands, urgency how) {
    const auto count = commands.size();
    if (!current_ || (how == urgency::request && breaker_.is_open())) co_return replies(count);
    const auto op = make(std::move(commands), how);
    world_.network().send(current_, op);
    auto& queue = how == urgency::request ? requests_ : background_;
    queue.push_back(op);
    owner_.schedule(event::kind::deadline, op->deadline, 0);
    co_await answer_of{*op};
    if (!op->answered) co_return replies(count);
    co_return std::move(op->replies);
}

task<reply> client::call(command only, urgency how) {
    auto all = co_await call(std::vector<command>(1, std::move(only)), how);
    co_return std::move(all.front());
}

std::size_t client::unanswered() const {
    const auto waits = [](auto& op) { return !op->finished; };
    return static_cast<std::size_t>(std::count_if(requests_.begin(), requests_.end(), waits) +
                                    std::count_if(background_.begin(), background_.end(), waits));
}

void client::check_deadlines() {
    drop_finished(requests_, world_.now());
    drop_finished(background_, world_.now());
}

void client::drop_finished(operations& from, msec now) {
    while (!from.empty() && (from.front()->finished || from.front()->deadline <= now)) {
        const auto op = std::move(from.front());
        from.pop_front();
        if (op->finished) continue;
        world_.count(&figures::missed_deadlines);
        if (op->how == urgency::request) give_up_requests();
        op->finish();
    }
}

void client::give_up_requests() {
    if (breaker_.missed()) world_.say([&] { return owner_.name() + " Valkey is silent"; });
    for (auto& op : std::exchange(requests_, {}))
        if (!op->finished) op->finish();
    if (std::exchange(probing_, true)) return;
    owner_.spawn(probe());
}

task<void> client::probe() {
    while (breaker_.is_open()) {
        const auto sent = world_.now();
        const auto pong = co_await call(command{}, urgency::background);
        const std::chrono::milliseconds took{world_.now() - sent};
        if (pong.was_answered && breaker_.probed(took)) break;
        co_await owner_.sleep(probe_after);
    }
    probing_ = false;
}

// A reply's handler, which comes after those of all replies before it.
void client::handle(const connection_ptr& c) {
    if (c->parsed.empty()) return;
    const auto next = std::move(c->parsed.front());
    c->parsed.pop_front();
    if (!c->parsed.empty())
        owner_.schedule(event::kind::handle, world_.now() + world_.luck().below(2), c->id);
    auto& op = *next.op;
    op.answered = !op.finished;
    if (current_ == c) owner_.heard(op.sent);
    op.finish();
}

// Pushes are heard as they are parsed, so before any reply behind them.
void client::parse(const connection_ptr& c) {
    auto next = world_.network().take_down(*c);
    if (!next) return;
    using enum connection::downward::kind;
    switch (next->is) {
        case answer: {
            auto& op = *next->op;
            op.replies[next->index] = next->reply;
            if (++op.handled < op.commands.size()) break;
            std::erase(c->pending, next->op);
            c->parsed.push_back(std::move(*next));
            if (c->parsed.size() == 1)
                owner_.schedule(event::kind::handle, world_.now() + world_.luck().delay(3), c->id);
            break;
        }
        case changed:
            if (current_ == c) owner_.changed(next->key);
            break;
        case all_changed:
            if (current_ == c) owner_.all_changed();
            break;
        case end: ended(c); break;
    }
}

void client::ended(const connection_ptr& c) {
    c->ended = true;
    world_.say([&] { return owner_.name() + " lost its connection to Valkey"; });
    if (current_ == c) {
        current_ = nullptr;
        owner_.lost();
    }
    for (const auto& op : std::exchange(c->pending, {})) op->finish();
    if (auto who = std::exchange(waits_for_end_, nullptr)) who.resume();
}

// Its answer proves that changes are told from here on.
task<bool> client::confirm(connection_ptr c) {
    const auto hello = make(std::vector<command>(1), urgency::background);
    world_.network().send(c, hello);
    co_await answer_of{*hello};
    co_return hello->answered;
}

task<void> client::keep_connected() {
    msec pause = 0;
    while (true) {
        const auto sent = world_.now();
        newest_ = world_.network().connect(owner_.place(), owner_.incarnation());
        if (newest_) {
            const bool confirmed = co_await confirm(newest_);
            if (confirmed && !newest_->ended) {
                pause = 0;
                breaker_.connected();
                current_ = newest_;
                ++lives_;
                owner_.connected(sent);
            }
            co_await end_of{*newest_, waits_for_end_};
        }
        pause = std::clamp(pause * 2, reconnect_after, reconnect_at_most);
        co_await owner_.sleep(world_.luck().between(pause / 2, pause));
    }
}

}  // namespace larder::simulation
