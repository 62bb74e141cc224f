// When what is unreleased is read from PostgreSQL, heard, deleted and announced again. Without any
// I/O: the service drives it with a connection, the simulation with a model. Private to larder.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "larder/namespace.hpp"

namespace LARDER_NAMESPACE::pg {

/// In larder.unreleased stands what was announced, until it is released. Each row is heard once,
/// and deleted when all that was heard is settled. Without that table what is notified is heard,
/// and everything is announced again and again.
///
/// Threads  one.
class announcements {
public:
    struct events {
        std::function<void(std::string_view payload)> heard;
        /// What to announce again now.
        std::function<std::vector<std::string>()> say;
        /// A number that changes when there is something that no commit has announced.
        std::function<unsigned()> unannounced = [] { return 0U; };
        /// Whether all that was heard is released, so that it may be deleted.
        std::function<bool()> is_settled = [] { return false; };
        /// At each connection, when what is unreleased was heard: which database it is.
        std::function<void(std::string identity)> identified = [](auto&&) {};
        /// Whether what was announced is for this service; another one's is left alone.
        std::function<bool(std::string_view payload)> concerns = [](auto&&) { return true; };
        std::chrono::milliseconds say_every{250};
    };
    struct row {
        std::string id, payload;
    };

    explicit announcements(events then) : then_(std::move(then)) {}

    const events& then() const { return then_; }
    /// A new connection, which has the table or not, and is notified or not. `unnoted` is a number
    /// that changes when a commit could not put its announcement into the table.
    void connected(bool has_table, bool is_notified, unsigned unnoted);
    void notified(std::string_view payload);
    /// The table is locked for now, so what was notified is heard as it is.
    void could_not_read();

    // What is to be done now, in this order; it is due every `say_every`.

    /// Rows to delete, before any are read: what is only read now is not settled yet.
    std::vector<std::string> to_delete(bool is_due);
    void deleted() { known_.clear(); }
    bool has_to_read(bool is_due);
    void read(const std::vector<row>& rows);
    /// What to announce again, and put into the table if it is not there.
    std::vector<std::string> to_say(unsigned unnoted);
    void said() { said_ = saying_; }

private:
    const events then_;
    bool has_table_ = false;
    bool is_told_ = false;            // by notifications
    bool was_notified_ = false;       // since it read last
    bool had_known_ = false;          // when this look began
    std::vector<std::string> told_;   // likewise
    std::set<std::string> known_;     // the rows that were read, and heard
    unsigned saying_ = 0, said_ = 0;  // up to which number
};

}  // namespace LARDER_NAMESPACE::pg
