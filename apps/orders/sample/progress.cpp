#include "sample/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace orders::sample {

namespace {

constexpr auto redraw_interval = std::chrono::milliseconds{100};
constexpr std::size_t bar_width = 24;

std::size_t terminal_width() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
    return size.ws_col;
}

void print(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

std::string grouped(std::int64_t number) {
    auto digits = std::to_string(number);
    const std::size_t sign = number < 0 ? 1 : 0;
    for (auto at = digits.size(); at > sign + 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string progress_line(const progress_state& state, std::size_t width) {
    const auto share =
        state.all == 0 ? 1.0 : static_cast<double>(state.done) / static_cast<double>(state.all);
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_width));
    const auto percent = std::to_string(static_cast<int>(share * 100));

    std::string line = "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "]";
    line.append(4 - std::min<std::size_t>(percent.size(), 3), ' ').append(percent).append(" %  ");
    line.append(state.doing);
    if (state.elapsed.count() > 0) {
        const auto rate = static_cast<double>(state.done) / state.elapsed.count();
        line += "  " + grouped(state.done) + " rows, " + grouped(static_cast<std::int64_t>(rate)) +
                "/s";
    }
    return line.substr(0, width);
}

progress::progress() : terminal_{isatty(STDERR_FILENO) != 0} {}

progress::~progress() {
    if (terminal_) print("\r\x1b[K");
}

void progress::begin_steps(std::size_t all) {
    // The first step will be the first that is done.
    state_ = {{}, -1, static_cast<std::int64_t>(all), {}};
}

void progress::begin_step(std::string_view what) {
    state_.doing = what;
    ++state_.done;
    draw();
}

void progress::begin_rows(std::int64_t all) {
    state_ = {{}, 0, all, {}};
    start_ = clock::now();
}

void progress::begin_table(std::string_view table) {
    state_.doing = table;
    draw();
}

void progress::add(std::int64_t rows) {
    const auto now = clock::now();
    state_.done += rows;
    state_.elapsed = now - start_;
    if (now - drawn_ >= redraw_interval) draw();
}

void progress::end_table(std::int64_t rows) {
    if (!terminal_) print(std::string{state_.doing} + ": " + grouped(rows) + " rows\n");
}

void progress::draw() {
    if (!terminal_) return;
    drawn_ = clock::now();
    print("\r" + progress_line(state_, terminal_width() - 1) + "\x1b[K");
}

}  // namespace orders::sample
