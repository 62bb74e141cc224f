#include "asker.hpp"

#include <utility>

namespace larder::valkey {

namespace {

// What lies under a key and is of another kind than was expected: that is an answer, too.
bool is_refusal(const reply& one) {
    return one.is == reply::kind::error && !one.text.starts_with("WRONGTYPE");
}

}  // namespace

asker::asker(const boost::asio::any_io_executor& executor, const client_options& server,
             std::vector<std::string> scripts)
    : server_(server),
      outside_(std::make_shared<asio_world>(executor)),
      waiting_(*outside_),
      way_(*outside_, server),
      client_(waiting_, way_, server, std::move(scripts), *this) {
    way_.serve(waiting_);
    outside_->run([this](wait_id id) { waiting_.resume(id); });
}

asker::~asker() {
    client_.stop();
    outside_->end();
}

task<bool> asker::connect() {
    client_.start();
    co_await client_.first_attempt();
    co_return client_.life() != 0;
}

task<std::vector<reply>> asker::ask(std::vector<command> questions) {
    auto said = co_await client_.call(std::move(questions), urgency::background);
    for (const auto& one : said)
        if (is_refusal(one) || !one.was_answered()) throw failure();
    co_return said;
}

cache_error asker::failure() const {
    const auto where = "Valkey at " + server_.server.address();
    const auto lost = client_.why_lost();
    if (client_.life() == 0 && lost.starts_with("NOPERM"))
        return {where + " does not allow it: " + lost, true};
    if (client_.life() == 0) return {"No connection to " + where + ": " + lost, false};
    if (!client_.refused_last().empty())
        return {where + " does not allow it: " + client_.refused_last(), true};
    return {where + ": " + no_answer, false};
}

}  // namespace larder::valkey
