// A collector of traces that a test starts: it decodes what it is told, and answers as it is bid.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace larder::test {

/// A span as it came in; ids in hexadecimal.
struct told_span {
    std::string trace, id, parent, name;
    int kind = 0;
    std::uint64_t begun = 0, ended = 0;        // nanoseconds since 1970
    std::map<std::string, std::string> about;  // numbers in decimal
    bool has_failed = false;
    std::string why;
};

/// What one request told.
struct told {
    std::string head;  // the HTTP header, as it came
    std::map<std::string, std::string> resource;
    std::vector<told_span> spans;
};

/// Reads OTLP's ExportTraceServiceRequest by the numbers of opentelemetry-proto; throws for what is
/// none.
told decode_traces(std::string_view body);

/// A collector of traces on the loopback, until the end of the scope.
class trace_receiver {
public:
    explicit trace_receiver(std::uint16_t port = 0);
    ~trace_receiver();
    trace_receiver(const trace_receiver&) = delete;
    trace_receiver& operator=(const trace_receiver&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    /// From now on; 0: none, however long somebody waits.
    void answer(int status) { status_ = status; }
    /// All that was asked, also what was not taken.
    std::vector<told> requests() const;
    /// Those of requests that were answered 200.
    std::vector<told_span> spans() const;
    /// The spans of that name.
    std::vector<told_span> spans(const std::string& name) const;

private:
    void serve();
    void talk(int client);
    bool answer_one(int client, std::string& unread);

    int listening_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<int> status_{200};
    std::atomic<bool> ends_{false};
    mutable std::mutex mutex_;
    std::vector<told> requests_;    // guarded by mutex_, as the next
    std::vector<told_span> taken_;  // of those that were answered 200
    std::thread server_;
};

}  // namespace larder::test
