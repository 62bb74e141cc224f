#include "larder/pg/session.hpp"

namespace larder::pg {

boost::asio::awaitable<result> session::run(const statement& sql, parameters values) {
    const bool wrote_before = may_have_written_;
    // Until it is known otherwise, also if the coroutine is abandoned.
    if (!sql.reads_only) may_have_written_ = true;
    try {
        co_return co_await pool_.run(sql, std::move(values));
    } catch (const error& e) {
        const bool nothing_ran = e.kind() == failure::rejected || e.kind() == failure::unavailable;
        if (nothing_ran) may_have_written_ = wrote_before;
        throw;
    }
}

}  // namespace larder::pg
