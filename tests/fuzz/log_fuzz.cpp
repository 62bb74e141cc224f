// PostgreSQL's log: frames, messages, snapshots, and what they make untrue.

#include <algorithm>
#include <cstring>
#include <string>

#include "check.hpp"
#include "follow/changes.hpp"

namespace larder::fuzz {
namespace {

using namespace follow;

// What is read whole is not read cut, but for kinds that are passed over.
void check_message(std::string_view message) {
    pgoutput reader;
    const auto read = reader.read(message);
    if (!read || std::holds_alternative<other>(*read)) return;
    pgoutput again;
    check(!again.read(message.substr(0, message.size() - 1)), "a message that is cut is none");
    check(!again.read(std::string{message} + 'x'), "what stands behind a message is no part of it");
}

// A stream of messages, each behind its length.
void check_stream(std::string_view text) {
    changes all{{{5, {{"num_orders", "customerid", {}, true}}},
                 {6, {{"late", "orderid"}, {"books", "orderid", {"customerid"}}}}},
                8};
    gate waiting;
    while (!text.empty()) {
        const auto size = static_cast<unsigned char>(text.front());
        text.remove_prefix(1);
        const auto message = text.substr(0, size);
        text.remove_prefix(message.size());
        if (!all.read(message)) return;
        for (auto& one : all.take()) {
            check(!one.what.is_empty(), "what breaks nothing is not told");
            for (const auto& key : one.what.keys) {
                const auto family = key.substr(0, key.find(':'));
                check(family == "num_orders" || family == "late" || family == "books",
                      "only followed families");
                const auto colons = std::ranges::count(key, ':');
                check(colons == (family == "books" ? 2 : 1), "a part for each column");
                check(!one.what.families.contains(family), "a family has no keys beside");
            }
            check(one.what.keys.size() <= 8, "many keys are families");
            waiting.add(std::move(one));
        }
    }
    const auto end = std::uint64_t{1} << 40;
    waiting.take({.xmin = end, .xmax = end});
    check(waiting.is_empty(), "at last everything is seen");
}

void check_snapshot(std::string_view text) {
    const auto read = snapshot::parse(text);
    if (!read) return;
    std::string written = std::to_string(read->xmin) + ':' + std::to_string(read->xmax) + ':';
    for (const auto one : read->running)
        written += (written.back() == ':' ? "" : ",") + std::to_string(one);
    const auto again = snapshot::parse(written);
    check(again && again->running == read->running, "a snapshot written anew is the same");
    std::uint32_t id = 0;
    std::memcpy(&id, text.data(), std::min(sizeof id, text.size()));
    check(static_cast<std::uint32_t>(read->widen(id)) == id, "widening keeps the low half");
}

}  // namespace
}  // namespace larder::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder::fuzz;
    const auto text = text_of(data, size);
    if (const auto frame = larder::follow::read_frame(text))
        if (const auto* log = std::get_if<larder::follow::log_data>(&*frame))
            check_message(log->message);
    check_message(text);
    check_stream(text);
    check_snapshot(text);
    return 0;
}
