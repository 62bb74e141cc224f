#include "trace/otlp.hpp"

#include <cstdint>

#include "larder/json.hpp"

namespace larder::trace {

namespace {

// The fields of a protobuf message, one after the other.
class message {
public:
    message& number(unsigned field, std::uint64_t value) {
        varint(field << 3U);
        varint(value);
        return *this;
    }
    message& fixed(unsigned field, std::uint64_t value) {
        varint(field << 3U | 1U);
        for (int i = 0; i < 8; ++i, value >>= 8U) bytes_ += static_cast<char>(value & 0xFFU);
        return *this;
    }
    message& text(unsigned field, std::string_view value) {
        varint(field << 3U | 2U);
        varint(value.size());
        bytes_ += value;
        return *this;
    }
    message& part(unsigned field, const message& inner) { return text(field, inner.bytes_); }
    std::string&& bytes() && { return std::move(bytes_); }

private:
    void varint(std::uint64_t value) {
        for (; value > 0x7F; value >>= 7U) bytes_ += static_cast<char>((value & 0x7FU) | 0x80U);
        bytes_ += static_cast<char>(value);
    }

    std::string bytes_;
};

// Who takes it in refuses all of a message that has a text that is none.
message value_of(const std::string& text) { return message{}.text(1, json::with_valid_utf8(text)); }
message value_of(bool it) { return message{}.number(2, it ? 1 : 0); }
message value_of(std::int64_t it) { return message{}.number(3, static_cast<std::uint64_t>(it)); }

template <class T>
message pair_of(std::string_view name, const T& value) {
    return message{}.text(1, name).part(2, value_of(value));
}

std::string big_endian(span_id id) {
    std::string bytes(sizeof id, '\0');
    for (auto at = bytes.rbegin(); at != bytes.rend(); ++at, id >>= 8U)
        *at = static_cast<char>(id & 0xFFU);
    return bytes;
}

std::uint64_t nanoseconds(time_point when, std::chrono::nanoseconds since_1970) {
    const auto all = std::chrono::nanoseconds{when.time_since_epoch()} + since_1970;
    return static_cast<std::uint64_t>(all.count());
}

message message_of(const span& one, std::chrono::nanoseconds since_1970) {
    message it;
    it.text(1, {reinterpret_cast<const char*>(one.trace.data()), one.trace.size()});
    it.text(2, big_endian(one.id));
    if (one.parent != 0) it.text(4, big_endian(one.parent));
    it.text(5, json::with_valid_utf8(one.name));
    it.number(6, static_cast<std::uint64_t>(one.kind));
    it.fixed(7, nanoseconds(one.begun, since_1970));
    it.fixed(8, nanoseconds(one.ended, since_1970));
    for (const auto& [name, value] : one.about)
        it.part(9, std::visit([&](const auto& v) { return pair_of(name, v); }, value));
    constexpr std::uint64_t error = 2;
    if (one.has_failed)
        it.part(15, message{}.text(2, json::with_valid_utf8(one.why)).number(3, error));
    return it;
}

}  // namespace

std::string encode(const resource& who, std::string_view version, std::span<const span> spans,
                   std::chrono::nanoseconds since_1970) {
    message owner, of_scope;
    for (const auto& [name, value] : who) owner.part(1, pair_of(name, value));
    of_scope.part(1, message{}.text(1, "larder").text(2, version));
    for (const auto& one : spans) of_scope.part(2, message_of(one, since_1970));
    message all;
    all.part(1, message{}.part(1, owner).part(2, of_scope));
    return std::move(all).bytes();
}

}  // namespace larder::trace
