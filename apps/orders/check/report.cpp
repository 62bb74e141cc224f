#include "check/report.hpp"

#include <array>
#include <utility>

namespace orders::check {

std::int64_t error_counts::sum() const {
    return refused + lost + late + garbled + unavailable + other_status;
}

bool is_consistent(const report& found) {
    return found.too_stale_reads == 0 && found.overcounts == 0 && found.lost_writes == 0 &&
           found.doubled_writes == 0 && found.denied_writes == 0 && found.wrong_at_the_end == 0;
}

namespace {

class table {
public:
    void row(const std::string& name, std::int64_t value, const std::string& remark = {}) {
        text_ += name;
        text_.append(name.size() < 18 ? 18 - name.size() : 1, ' ');
        text_ += std::to_string(value) + (remark.empty() ? "" : "  (" + remark + ")") + "\n";
    }
    void line(const std::string& sentence) { text_ += sentence + "\n"; }
    std::string text() && { return std::move(text_); }

private:
    std::string text_;
};

std::string by_kind(const error_counts& errors) {
    using kind = std::pair<const char*, std::int64_t>;
    std::string list;
    for (const auto& [name, count] : std::array{
             kind{"no connection", errors.refused}, kind{"connection lost", errors.lost},
             kind{"no answer in time", errors.late}, kind{"garbled", errors.garbled},
             kind{"answered 503", errors.unavailable}, kind{"other status", errors.other_status}})
        if (count > 0)
            list += (list.empty() ? "" : ", ") + std::string{name} + ' ' + std::to_string(count);
    return list;
}

}  // namespace

std::string text(const report& found) {
    table out;
    out.row("reads", found.reads, std::to_string(found.reads_per_second) + " a second");
    out.row("writes", found.writes,
            std::to_string(found.unknown_writes) + " more of unknown outcome, " +
                std::to_string(found.refused_writes) + " refused");
    out.row("errors", found.errors.sum(), by_kind(found.errors));
    const auto worst = "the worst by " + std::to_string(found.worst_stale_ms) + " ms";
    const auto allowed = found.allowed_stale_ms == 0
                             ? std::string{}
                             : ", " + std::to_string(found.too_stale_reads) + " by more than the " +
                                   std::to_string(found.allowed_stale_ms) + " ms allowed";
    out.row("stale reads", found.stale_reads, found.stale_reads == 0 ? "" : worst + allowed);
    out.row("overcounts", found.overcounts);
    out.row("lost writes", found.lost_writes);
    out.row("doubled writes", found.doubled_writes);
    out.row("denied writes", found.denied_writes,
            found.denied_writes == 0 ? "" : "answered that they were not stored, but they were");
    out.row("wrong at the end", found.wrong_at_the_end,
            "of " + std::to_string(found.instances) + " instances");
    for (const auto& one : found.first_violations) out.line("  " + one);
    if (found.foreign_orders != 0)
        out.line(
            "Somebody else changed " + std::to_string(found.foreign_orders) +
            " orders meanwhile, so stale reads and overcounts say little: run it again alone.");
    out.line(found.consistent ? "consistent" : "NOT CONSISTENT");
    return std::move(out).text();
}

}  // namespace orders::check
