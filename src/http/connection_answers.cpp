// What a connection says to each request; how the bytes come and go is connection.cpp's.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <exception>
#include <random>
#include <utility>

#include "access_log.hpp"
#include "connection.hpp"
#include "forwarded.hpp"
#include "listener.hpp"
#include "request_span.hpp"

namespace LARDER_NAMESPACE::http {

namespace asio = boost::asio;

namespace {

bool is_visible(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

// W3C Trace Context: 00-32 digits-16 digits-2 digits, or of a later version, longer.
bool is_traceparent(std::string_view text) {
    constexpr std::string_view shape = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
    if (text.size() < shape.size() || text.size() > 128 || !is_visible(text)) return false;
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (shape[i] == '-'
                ? text[i] != '-'
                : std::string_view{"0123456789abcdef"}.find(text[i]) == std::string_view::npos)
            return false;
    return true;
}

// Only inside a catch block.
response answer_to_failure() {
    try {
        throw;
    } catch (const std::exception& e) {
        spdlog::error("A request failed: {}", e.what());
    } catch (...) {
        spdlog::error("A request failed with something that is no std::exception");
    }
    return error_response(500, "Internal Server Error");
}

// Unlike any other of this process, and most likely of any.
std::array<char, 16> new_id() {
    thread_local std::mt19937_64 chance{std::random_device{}()};
    std::array<char, 16> id;
    auto number = chance();
    for (auto& digit : id) {
        digit = "0123456789abcdef"[number % 16];
        number /= 16;
    }
    return id;
}

}  // namespace

// The front of what has come, as long as it came before and its answer is still true. It is not
// read again, so nothing is asked of the cache but whether it has the entry.
void connection::answer_known() {
    auto& known = owner_.known();
    if (!known.is_on() || owner_.is_stopping()) return;
    const bool is_logged = this->is_logged();
    auto* const counts = owner_.options().counts;
    const known_answer* last = nullptr;
    std::optional<entry_times> times;
    while (out_.size() < most_unsent) {
        const auto head = reader_.next_head();
        const auto* answer = head.empty() ? nullptr : known.find(origin_, head);
        if (!answer) break;
        const auto begun = std::chrono::steady_clock::now();
        // Nothing changes between two that came together.
        if (answer == last) owner_.options().had_again(answer->key);
        else times = owner_.options().still_has(answer->key, answer->version);
        if (!times) break;
        last = answer;
        const auto id = new_id();
        const std::string_view request_id{id.data(), id.size()};
        answer->text.append(out_, request_id, *times);
        if (counts || is_logged) {
            const auto took = std::chrono::steady_clock::now() - begun;
            if (counts) counts->add(answer->route, answer->asked, answer->status, took);
            if (is_logged) log_known(*answer, head, request_id, took);
        }
        if (owner_.options().traces) record_known(owner_.options(), *answer, head, begun);
        reader_.skip(head.size());
        phase_ = phase::answering;
        since_ = begun;
    }
    if (!last) return;
    is_new_ = false;
    reader_.next();
}

void connection::log_known(const known_answer& answer, std::string_view head,
                           std::string_view request_id, std::chrono::nanoseconds took) {
    client_ = answer.client.empty() ? peer_ : answer.client;
    trace_id_.clear();
    trace_.clear();
    request_id_ = request_id;
    if (owner_.options().log_all_ids) trace_ = " id=" + request_id_;
    const response said{.status = answer.status, .cache_key = answer.key, .cache_tier = "local"};
    log(head.substr(0, head.find('\r')), said, took);
}

// Not if another one has the same name: a client's own ids are others each time.
void connection::learn(const response& answer) {
    auto& known = owner_.known();
    const auto head = reader_.plain_head();
    const bool is_answer = answer.status == 200 || answer.status == 304;
    if (!known.is_on() || answer.entry_version == 0 || !is_answer || !keep_alive_ || head.empty() ||
        reader_.get().host.empty() || reader_.has("x-request-id") || reader_.has("traceparent"))
        return;
    if (!known.has_come(origin_, head)) return;
    known.keep(origin_, head,
               {.key = answer.cache_key,
                .version = answer.entry_version,
                .status = answer.status,
                .route = answer.route,
                .asked = reader_.get().method,
                .client = client_ == peer_ ? "" : client_,
                .text = answer_again{answer, frame()}});
}

void connection::find_client() {
    client_ = peer_;
    scheme_ = tls_ ? "https" : "http";
    if (!is_proxy_) return;
    const auto said = read_forwarded(reader_, owner_.options().trusted_proxies);
    if (said.client) client_ = text_of(*said.client);
    if (!said.scheme.empty()) scheme_ = said.scheme;
}

// The client's own id if it is one, and else one that nobody has.
void connection::name_request() {
    constexpr std::size_t longest = 128;
    trace_.clear();
    trace_id_.clear();
    request_id_ = reader_.all("x-request-id");
    const bool is_given =
        !request_id_.empty() && request_id_.size() <= longest && is_visible(request_id_);
    if (!is_given) {
        const auto id = new_id();
        request_id_.assign(id.data(), id.size());
    }
    if (is_given || owner_.options().log_all_ids) trace_ = " id=" + request_id_;
    parent_ = reader_.all("traceparent");
    if (!is_traceparent(parent_)) return parent_.clear();
    trace_ += " traceparent=" + parent_;
    trace_id_ = parent_.substr(3, 32);
}

asio::awaitable<void> connection::answer_request() {
    const auto begun = std::chrono::steady_clock::now();
    auto r = reader_.get();
    std::string local;
    if (r.host.empty()) {
        boost::system::error_code ignored;
        local = text_of(socket_.local_endpoint(ignored));
        r.host = local;
    }
    find_client();
    name_request();
    r.scheme = scheme_;
    auto span = begin_span(owner_.options(), parent_, r, begun);
    r.trace = span.inside();
    if (span && trace_id_.empty()) trace_id_ = trace::text_of(r.trace.trace);
    keep_alive_ = reader_.keeps_alive() && !owner_.is_stopping();
    response answer;
    try {
        answer = co_await owner_.answer()(r);
    } catch (...) {  // memory that was wanting, most likely; the handlers' own are answered already
        answer = answer_to_failure();
    }
    owner_.options().complete(r, answer);
    if (span) end_span(span, owner_.options(), r, answer);
    if (owner_.is_stopping()) keep_alive_ = false;
    auto* const counts = owner_.options().counts;
    if (counts || is_logged()) {
        const auto took = std::chrono::steady_clock::now() - begun;
        if (counts) counts->add(answer.route, r.method, answer.status, took);
        if (is_logged()) log(reader_.request_line(), answer, took);
    }
    auto* const events = owner_.options().events;
    listens_ = events && answer.content_type == feed::type;
    if (listens_) keep_alive_ = false;
    append_answer(out_, answer, frame());
    learn(answer);
    if (listens_ && r.method == method::get) co_await tell(*events);
}

// The client cannot be understood, so nothing that follows can be trusted either.
void connection::refuse(unsigned status, std::string_view why) {
    keep_alive_ = false;
    client_ = peer_;
    name_request();
    auto refusal = error_response(status, reason(status));
    owner_.options().complete(reader_.get(), refusal);
    if (auto* const counts = owner_.options().counts) counts->add_refused(status);
    if (is_logged()) log("invalid request: " + std::string{why}, refusal, std::nullopt);
    append_answer(out_, refusal, frame());
}

answer_frame connection::frame() const {
    const auto& options = owner_.options();
    return {.has_date = options.date_header,
            .headers = options.headers,
            .request_id = request_id_,
            .connection = !keep_alive_            ? "close"
                          : reader_.is_http_1_0() ? "keep-alive"
                                                  : "",
            .has_body = reader_.get().method != method::head,
            .has_length = !listens_};
}

bool connection::is_logged() const {
    return owner_.options().access_log && spdlog::should_log(spdlog::level::info);
}

void connection::log(std::string_view line, const response& answer,
                     std::optional<std::chrono::nanoseconds> took) const {
    log_access({.client = client_,
                .line = line,
                .request_id = request_id_,
                .trace_id = trace_id_,
                .trace = trace_,
                .took = took,
                .has_duration = owner_.options().log_durations},
               answer);
}

}  // namespace LARDER_NAMESPACE::http
