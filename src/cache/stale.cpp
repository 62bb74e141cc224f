// Of an entry that is past its TTL. For a while it stays in Valkey, where it is made untrue as any
// other, and it is believed where any other would be. It never enters the local tier.

#include <optional>
#include <utility>

#include "larder/cache/enclosed.hpp"
#include "reader.hpp"
#include "rules.hpp"

namespace LARDER_NAMESPACE::cache {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

namespace {

bool is_within(const shared_tier::kept& of, milliseconds bound) {
    return !in_force.nothing_stale_beyond_its_bound || of.left > -bound;
}

}  // namespace

bool reader::is_renewed_behind(const passage& p, const shared_tier::kept& of) const {
    const auto& how = shared_.policy_of(p.key)->how;
    return p.how.stale && how.stale_while_revalidate > 0ms && !is_nothing(*of.text) &&
           is_within(of, how.stale_while_revalidate);
}

// What was there before the load may have been made untrue during it.
task<void> reader::find_instead(passage& p) {
    const auto* of = shared_.policy_of(p.key);
    if (!of || of->how.stale_if_error == 0ms || !owner_.is_usable(p.key)) co_return;
    if (!in_force.ask_again_for_what_is_stale) {
        p.instead = p.before;
        co_return;
    }
    auto entry = co_await shared_.get(p.key);
    const bool has_value = entry && entry->text && p.is_value(*entry->text);
    if (!has_value) co_return;
    const bool is_to_be_used = !entry->is_stale || (!is_nothing(*entry->text) &&
                                                    is_within(*entry, of->how.stale_if_error));
    if (is_to_be_used) p.instead = shared_hit(p.key, std::move(*entry));
}

// One at a time in the worker, and by the lease one over all. It is no flight: who wants the value
// meanwhile does not wait for it.
void reader::renew_behind(const passage& p) {
    if (stopped_ || !renewed_behind_.insert(p.key).second) return;
    auto behind = std::make_shared<passage>();
    behind->key = p.key;
    behind->load = p.load;
    behind->is_value = p.is_value;
    behind->boarded = waits_.now();
    home_.start(load_behind(std::move(behind)));
}

task<void> reader::load_behind(passage_ptr p) {
    flight f{{}, p->boarded};
    const auto token = owner_.next_name();
    const std::optional<std::string> nothing;
    const auto next = co_await ask(f, *p, token, nothing);
    if (f.may_fill()) co_await go_on(f, *p, token, next);
    if (p->brought.stored) ++filled_behind_;
    renewed_behind_.erase(p->key);
}

}  // namespace LARDER_NAMESPACE::cache
