#include "writer.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

namespace LARDER_NAMESPACE::log {

namespace {

std::atomic<std::uint64_t> lost{0};

std::size_t lines_in(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

// How much of the text has been written when it cannot go on; errno says why.
std::size_t write_all(int descriptor, std::string_view text) {
    std::size_t done = 0;
    while (done < text.size()) {
        const auto size = ::write(descriptor, text.data() + done, text.size() - done);
        if (size >= 0) {
            done += static_cast<std::size_t>(size);
        } else if (errno == EAGAIN) {  // somebody else who has it made it so
            pollfd room{descriptor, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            break;
        }
    }
    return done;
}

}  // namespace

struct writer::state {
    void work();
    void put(const std::string& lines, std::size_t missing);

    int descriptor = -1;
    std::size_t most_bytes = 0;
    note lost_note;

    std::mutex mutex;
    std::condition_variable changed;
    std::string waiting;      // these four are guarded by the mutex
    std::size_t dropped = 0;  // behind what waits
    bool is_ending = false, has_ended = false;

    std::size_t unwritten = 0;  // lines that the descriptor did not take; these are the thread's
    std::string why;
    bool is_cut = false;  // in the middle of a line
};

void writer::state::work() {
    std::unique_lock lock{mutex};
    while (true) {
        changed.wait(lock, [this] { return !waiting.empty() || dropped > 0 || is_ending; });
        if (waiting.empty() && dropped == 0) break;
        // So that it is not woken for each line, nor writes each by itself.
        constexpr std::chrono::milliseconds gathering{2};
        changed.wait_for(lock, gathering, [this] { return is_ending; });
        const auto lines = std::exchange(waiting, {});
        const auto missing = std::exchange(dropped, 0);
        lock.unlock();
        put(lines, missing);
        lock.lock();
    }
    has_ended = true;
    changed.notify_all();
}

// `missing` lines were dropped behind these, while the descriptor took none.
void writer::state::put(const std::string& lines, std::size_t missing) {
    std::string text;
    if (is_cut) text += '\n';
    if (unwritten > 0)
        text +=
            lost_note(std::to_string(unwritten) + " lines of the log could not be written: " + why);
    const auto begin = text.size();
    text += lines;
    const auto end = text.size();
    if (missing > 0)
        text += lost_note(std::to_string(missing) +
                          " lines of the log were dropped: its reader was too slow");
    const auto done = write_all(descriptor, text);
    if (done == text.size()) {
        unwritten = 0;
        is_cut = false;
        return;
    }
    why = std::strerror(errno);
    if (done >= begin) unwritten = 0;
    const auto from = std::clamp(done, begin, end);
    const auto cut_off = lines_in(std::string_view{text}.substr(from, end - from));
    unwritten += missing + cut_off;
    lost += cut_off;
    if (done > 0) is_cut = text[done - 1] != '\n';
}

writer::writer(int descriptor, std::size_t most_bytes, note lost_note)
    : state_(std::make_shared<state>()) {
    state_->descriptor = descriptor;
    state_->most_bytes = most_bytes;
    state_->lost_note = std::move(lost_note);
    // Signals are for the other threads, whatever these do with them. The stack is small: a limit
    // may leave no room for one as large as the limit says.
    constexpr std::size_t stack_bytes = 1 << 20;
    sigset_t all{}, before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t attributes{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    auto* const own = new std::shared_ptr<state>(state_);  // the thread's
    has_thread_ = pthread_create(&thread_, &attributes, &writer::run, own) == 0;
    if (!has_thread_) delete own;
    pthread_attr_destroy(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void* writer::run(void* of_writer) {
    const std::unique_ptr<std::shared_ptr<state>> mine{
        static_cast<std::shared_ptr<state>*>(of_writer)};
    (*mine)->work();
    return nullptr;
}

writer::~writer() { finish(std::chrono::milliseconds{0}); }

void writer::add(std::string_view line) {
    auto& s = *state_;
    const std::lock_guard lock{s.mutex};
    if (!has_thread_) return s.put(std::string{line}, 0);
    const bool is_first = s.waiting.empty() && s.dropped == 0;
    // Behind a line that was dropped no other one is kept, so that it can be said where they lack.
    if (s.dropped > 0 || s.waiting.size() + line.size() > s.most_bytes) {
        ++s.dropped;
        ++lost;
    } else {
        s.waiting += line;
    }
    if (is_first) s.changed.notify_all();
}

std::uint64_t writer::lost_lines() { return lost; }

void writer::finish(std::chrono::milliseconds patience) {
    if (std::exchange(is_finished_, true) || !has_thread_) return;
    auto& s = *state_;
    std::unique_lock lock{s.mutex};
    s.is_ending = true;
    s.changed.notify_all();
    const bool has_ended = s.changed.wait_for(lock, patience, [&] { return s.has_ended; });
    lock.unlock();
    if (has_ended) pthread_join(thread_, nullptr);
    else pthread_detach(thread_);
}

}  // namespace LARDER_NAMESPACE::log
