#include "answer_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>

namespace LARDER_NAMESPACE::http {

namespace {

// "Sun, 22 Nov 2026 10:00:00 GMT", made once a second by each worker.
std::string_view date() {
    thread_local std::time_t made_at = 0;
    thread_local std::string text;
    timespec now{};
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != made_at) {
        made_at = now.tv_sec;
        std::tm utc{};
        gmtime_r(&made_at, &utc);
        char buffer[32];
        text.assign(buffer,
                    std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    }
    return text;
}

void append_number(std::string& out, std::int64_t number) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.begin(), digits.end(), number).ptr;
    out.append(digits.data(), end);
}

}  // namespace

// Writes an answer, and leaves out what is another one each time where there is somebody to know.
class answer_writer {
public:
    explicit answer_writer(std::string& out, answer_again* into = nullptr)
        : out_(out), into_(into) {}

    void write(const response& r, const answer_frame& frame) {
        out_ += "HTTP/1.1 ";
        append_number(out_, r.status);
        out_ += ' ';
        out_ += reason(r.status);
        out_ += "\r\n";
        if (frame.has_date) {
            out_ += "date: ";
            put(answer_again::gap::date, date());
            out_ += "\r\n";
        }
        out_ += frame.headers;
        if (!frame.request_id.empty()) {
            out_ += "x-request-id: ";
            put(answer_again::gap::request_id, frame.request_id);
            out_ += "\r\n";
        }
        if (frame.has_length && r.status != 204 && r.status != 304) {
            out_ += "content-length: ";
            append_number(out_, static_cast<std::int64_t>(r.body.size()));
            out_ += "\r\n";
        }
        if (!r.body.empty()) line("content-type", r.content_type);
        for (const auto& [name, value] : r.headers) header(name, value);
        if (!frame.connection.empty()) line("connection", frame.connection);
        out_ += "\r\n";
        if (frame.has_body) out_ += r.body;
    }

private:
    void put(answer_again::gap what, std::string_view value) {
        if (into_) into_->gaps_.push_back({what, out_.size()});
        else out_ += value;
    }
    void line(std::string_view name, std::string_view value) {
        out_ += name;
        out_ += ": ";
        out_ += value;
        out_ += "\r\n";
    }
    void header(std::string_view name, std::string_view value) {
        constexpr std::string_view ttl = "; ttl=";
        if (!into_ || (name != "age" && name != "cache-status")) return line(name, value);
        out_ += name;
        out_ += ": ";
        if (name == "age") {
            put(answer_again::gap::age, value);
        } else {
            const auto begin = std::min(value.find(ttl), value.size() - ttl.size()) + ttl.size();
            const auto end = std::min(value.find_first_not_of("0123456789", begin), value.size());
            out_ += value.substr(0, begin);
            if (begin < end) put(answer_again::gap::ttl, value.substr(begin, end - begin));
            out_ += value.substr(end);
        }
        out_ += "\r\n";
    }

    std::string& out_;
    answer_again* into_;
};

void append_answer(std::string& out, const response& r, const answer_frame& frame) {
    answer_writer{out}.write(r, frame);
}

answer_again::answer_again(const response& r, const answer_frame& frame) {
    answer_writer{text_, this}.write(r, frame);
}

void answer_again::append(std::string& out, std::string_view request_id,
                          const entry_times& now) const {
    const auto seconds_of = [](auto time) {
        return std::chrono::floor<std::chrono::seconds>(time).count();
    };
    std::size_t done = 0;
    for (const auto& [what, at] : gaps_) {
        out.append(text_, done, at - done);
        done = at;
        switch (what) {
            case gap::date: out += date(); break;
            case gap::request_id: out += request_id; break;
            case gap::age: append_number(out, seconds_of(now.age)); break;
            case gap::ttl: append_number(out, seconds_of(now.ttl)); break;
        }
    }
    out.append(text_, done);
}

}  // namespace LARDER_NAMESPACE::http
