#include "pgoutput.hpp"

#include <concepts>
#include <utility>

namespace LARDER_NAMESPACE::follow {

namespace {

// Numbers are sent with the most significant byte first. What is not there leaves the bytes bad.
class bytes {
public:
    explicit bytes(std::string_view all) : left_(all) {}

    template <std::unsigned_integral Number>
    Number number() {
        Number result = 0;
        for (const char one : take(sizeof(Number)))
            result =
                static_cast<Number>((std::uint64_t{result} << 8) | static_cast<unsigned char>(one));
        return result;
    }
    std::string_view take(std::size_t size) {
        if (size > left_.size()) {
            is_well_ = false;
            left_ = {};
            return {};
        }
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }
    /// Up to a zero byte.
    std::string_view text() {
        const auto end = left_.find('\0');
        if (end == std::string_view::npos) return take(left_.size() + 1);
        const auto taken = left_.substr(0, end);
        left_.remove_prefix(end + 1);
        return taken;
    }
    std::size_t left() const { return left_.size(); }
    bool is_well() const { return is_well_; }
    bool is_all() const { return is_well_ && left_.empty(); }
    void spoil() { is_well_ = false; }

private:
    std::string_view left_;
    bool is_well_ = true;
};

void read_row(bytes& from, std::vector<field>& into) {
    into.clear();
    const auto count = from.number<std::uint16_t>();
    for (unsigned i = 0; i < count && from.is_well(); ++i) {
        switch (from.number<std::uint8_t>()) {
            case 'n': into.push_back({field::kind::null}); break;
            case 'u': into.push_back({field::kind::unchanged}); break;
            case 't': {
                const auto size = from.number<std::uint32_t>();
                into.push_back({field::kind::text, from.take(size)});
                break;
            }
            default: from.spoil();
        }
    }
}

begun read_begun(bytes& from) {
    from.take(16);  // where its commit is, and when
    return {from.number<std::uint32_t>()};
}

committed read_committed(bytes& from) {
    if (from.number<std::uint8_t>() != 0) from.spoil();
    from.take(8);  // where the commit is
    committed one{from.number<std::uint64_t>()};
    from.take(8);  // when
    return one;
}

relation read_relation(bytes& from) {
    relation one;
    one.id = from.number<std::uint32_t>();
    from.text();  // the schema
    from.text();  // its name
    one.identity = static_cast<char>(from.number<std::uint8_t>());
    const auto count = from.number<std::uint16_t>();
    for (unsigned i = 0; i < count && from.is_well(); ++i) {
        auto& column = one.columns.emplace_back();
        column.is_key = (from.number<std::uint8_t>() & 1) != 0;
        column.name = from.text();
        column.type = from.number<std::uint32_t>();
        from.take(4);  // the type's modifier
    }
    return one;
}

truncated read_truncated(bytes& from) {
    truncated all;
    const auto count = from.number<std::uint32_t>();
    from.take(1);  // how
    if (std::uint64_t{count} * 4 != from.left()) from.spoil();
    for (std::uint32_t i = 0; i < count && from.is_well(); ++i)
        all.relations.push_back(from.number<std::uint32_t>());
    return all;
}

}  // namespace

std::optional<frame> read_frame(std::string_view all) {
    bytes from{all};
    switch (from.number<std::uint8_t>()) {
        case 'w':
            from.take(24);  // of every part but the last of a transaction these are zero
            if (!from.is_well()) return std::nullopt;
            return log_data{from.take(from.left())};
        case 'k': {
            keepalive one;
            one.sent = from.number<std::uint64_t>();
            from.take(8);
            one.wants_answer = from.number<std::uint8_t>() != 0;
            if (!from.is_all()) return std::nullopt;
            return one;
        }
        default: return std::nullopt;
    }
}

std::string status_update(position done, std::int64_t now) {
    std::string all = "r";
    const auto add = [&](std::uint64_t number) {
        for (int shift = 56; shift >= 0; shift -= 8)
            all += static_cast<char>(static_cast<unsigned char>(number >> shift));
    };
    for (int i = 0; i < 3; ++i) add(done);
    add(static_cast<std::uint64_t>(now));
    all += '\1';  // an answer is asked for
    return all;
}

std::optional<event> pgoutput::read(std::string_view message) {
    using kind = changed_row::kind;
    using past = changed_row::past;
    bytes from{message};
    before_.clear();
    after_.clear();
    const auto row_of = [&](kind is) {
        changed_row one{.is = is, .relation = from.number<std::uint32_t>()};
        auto next = from.number<std::uint8_t>();
        if (is != kind::inserted && (next == 'K' || next == 'O')) {
            one.known = next == 'K' ? past::key : past::whole;
            read_row(from, before_);
            if (is == kind::updated) next = from.number<std::uint8_t>();
        } else if (is == kind::deleted) {
            from.spoil();
        }
        if (is != kind::deleted && next != 'N') from.spoil();
        if (is != kind::deleted) read_row(from, after_);
        one.before = before_;
        one.after = after_;
        return one;
    };
    event read = other{};
    switch (from.number<std::uint8_t>()) {
        case 'B': read = read_begun(from); break;
        case 'C': read = read_committed(from); break;
        case 'R': read = read_relation(from); break;
        case 'I': read = row_of(kind::inserted); break;
        case 'U': read = row_of(kind::updated); break;
        case 'D': read = row_of(kind::deleted); break;
        case 'T': read = read_truncated(from); break;
        case 'O':
        case 'Y':
        case 'M': from.take(from.left()); break;
        default: from.spoil();
    }
    if (!from.is_all()) return std::nullopt;
    return read;
}

}  // namespace LARDER_NAMESPACE::follow
