// The log: whoever does not read it stops nothing, and what its lines have in JSON.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "support/json_text.hpp"
#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

using namespace std::chrono_literals;

/// A named pipe, and its end from which lines are read.
class named_pipe {
public:
    explicit named_pipe(const std::string& path) : path_(path) {
        mkfifo(path.c_str(), 0600);
        reopen();
    }
    ~named_pipe() { shut(); }
    named_pipe(const named_pipe&) = delete;
    named_pipe& operator=(const named_pipe&) = delete;

    void shut() { close(descriptor_); }
    void reopen() {
        descriptor_ = open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        fcntl(descriptor_, F_SETPIPE_SZ, 4096);
    }
    /// Reads until it has a text; false if it does not come, or the writer closes before.
    bool read_until(const std::string& text) {
        return read([&] { return has(read_, text); });
    }
    /// Reads until every writer has closed.
    bool read_to_end() {
        return !read([] { return false; }) && is_over_;
    }
    const std::string& text() const { return read_; }

private:
    template <class Enough>
    bool read(const Enough& is_enough) {
        is_over_ = false;
        std::string buffer(65'536, '\0');
        // A pipe holds little, and the writer gives up a reader that is slow: so no pause in
        // between.
        const auto take_all = [&] {
            pollfd there{.fd = descriptor_, .events = POLLIN, .revents = 0};
            while (!is_enough() && !is_over_ && poll(&there, 1, 20) > 0) {
                const auto size = ::read(descriptor_, buffer.data(), buffer.size());
                is_over_ = size == 0;
                if (size > 0) read_.append(buffer, 0, static_cast<std::size_t>(size));
            }
            return is_enough() || is_over_;
        };
        return eventually(take_all) && is_enough();
    }

    std::string path_, read_;
    int descriptor_ = -1;
    bool is_over_ = false;
};

struct log_of_service : store_test {
    /// Whether somebody listens there, soon.
    static bool is_open(std::uint16_t at) {
        return eventually([&] {
            try {
                http_connection there{at};
                return true;
            } catch (const std::runtime_error&) {
                return false;
            }
        });
    }
    /// `orders serve` by a shell that sets its descriptors; it listens when this returns.
    std::unique_ptr<child> start(const std::string& how, const std::string& flags = "") {
        auto one = std::make_unique<child>(
            std::vector<std::string>{
                "/bin/sh", "-c",
                "exec \"$0\" serve --port " + std::to_string(port) + " " + flags + " " + how,
                program("orders")},
            servers.env());
        EXPECT_TRUE(is_open(port));
        return one;
    }
    /// Requests whose lines are 7 KB each.
    void fill(int requests) {
        const auto target = "/nowhere?" + std::string(7'000, 'x');
        http_connection connection{port};
        for (int i = 0; i < requests; ++i)
            ASSERT_EQ(connection.request("GET", target + std::to_string(1000 + i)).status, 404);
    }

    const scratch_folder folder{"log"};
    const std::uint16_t port = free_port();
};

// ---- nobody reads it ----

TEST_F(log_of_service, that_loses_lines_counts_them) {
    named_pipe log{folder.path + "/log"};
    const auto admin = free_port();
    const auto one = start("2>" + folder.path + "/log",
                           "--log-level debug --admin-port " + std::to_string(admin));
    const auto counted = [&] {
        const std::string series = "\nlarder_log_lines_dropped_total ";
        const auto all = get(admin, "/metrics").body;
        return std::stol(all.substr(all.find(series) + series.size()));
    };
    ASSERT_TRUE(is_open(admin));  // a moment after the other port
    EXPECT_EQ(counted(), 0);
    fill(300);
    ASSERT_TRUE(log.read_until(" lines of the log were dropped"));
    get(port, "/again");
    ASSERT_TRUE(log.read_until("GET /again HTTP/1.1\" 404 Not Found"));
    long lost = 0;
    const std::regex number{R"((\d+) lines of the log were dropped)"};
    const auto& text = log.text();
    for (std::sregex_iterator it{text.begin(), text.end(), number}, end; it != end; ++it)
        lost += std::stol((*it)[1]);
    EXPECT_GT(lost, 0);
    EXPECT_TRUE(eventually([&] { return counted() == lost; })) << counted() << ' ' << lost;
}

TEST_F(log_of_service, that_nobody_reads_stops_nothing_and_says_what_it_lost) {
    named_pipe log{folder.path + "/log"};
    const auto one = start("2>" + folder.path + "/log", "--log-level debug");
    fill(300);
    EXPECT_EQ(count(port), 12000);
    ASSERT_TRUE(log.read_until(" lines of the log were dropped: its reader was too slow\n"))
        << log.text().size();
    get(port, "/again");
    EXPECT_TRUE(log.read_until("GET /again HTTP/1.1\" 404 Not Found"));
    // What was written is in order, and what lacks is at one place.
    std::istringstream lines{log.text()};
    int before = 999, gaps = 0;
    const std::regex number{R"(/nowhere\?x+(\d+) HTTP)"};
    for (std::string line; std::getline(lines, line);) {
        std::smatch found;
        if (has(line, "were dropped")) ++gaps;
        if (!std::regex_search(line, found, number)) continue;
        EXPECT_EQ(std::stoi(found[1]), ++before);
    }
    EXPECT_EQ(gaps, 1);
    EXPECT_LT(before, 1299) << "it was not filled";
    fill(200);
    one->signal(SIGTERM);
    EXPECT_EQ(one->wait(), 0) << "it waits for whoever does not read";
}

TEST_F(log_of_service, is_written_to_its_end_when_the_process_ends) {
    named_pipe log{folder.path + "/log"};
    const auto one = start("2>" + folder.path + "/log");
    fill(60);
    one->signal(SIGTERM);
    EXPECT_TRUE(log.read_to_end());
    EXPECT_TRUE(has(log.text(), "x1059 HTTP/1.1\" 404"));
    EXPECT_TRUE(has(log.text(), "orders finishes what is in flight and stops\n"));
    EXPECT_EQ(one->wait(), 0);
}

TEST_F(log_of_service, whose_reader_ended_goes_on_with_the_next_one) {
    named_pipe log{folder.path + "/log"};
    const auto one = start("2>" + folder.path + "/log");
    EXPECT_TRUE(log.read_until("listening on"));
    // Whether it had come to writing when there was a reader again is up to the machine.
    const auto is_told = [&] {
        return has(log.text(), " lines of the log could not be written: Broken pipe\n");
    };
    for (int i = 0; i < 100 && !is_told(); ++i) {
        log.shut();
        fill(100 * (i + 1));
        log.reopen();
        const auto again = "/again" + std::to_string(i);
        get(port, again);
        ASSERT_TRUE(log.read_until("GET " + again)) << log.text();
    }
    EXPECT_TRUE(is_told()) << log.text();
    one->signal(SIGTERM);
    EXPECT_TRUE(log.read_to_end());
    EXPECT_EQ(one->wait(), 0);
}

TEST_F(log_of_service, on_a_full_disk_loses_lines_alone) {
    // A file may have 8 blocks of 512 bytes, and a signal tells that it has.
    const auto path = folder.path + "/log";
    for (const auto& how : {std::string{"2>/dev/full"}, "2>" + path}) {
        child one{{"/bin/sh", "-c",
                   "ulimit -f 8; exec \"$0\" serve --port " + std::to_string(port) + " " + how,
                   program("orders")},
                  servers.env()};
        EXPECT_TRUE(eventually([&] {
            try {
                fill(3);
                return true;
            } catch (const std::runtime_error&) {
                return false;
            }
        })) << how;
        EXPECT_EQ(count(port), 12000);
        one.signal(SIGTERM);
        EXPECT_EQ(one.wait(), 0) << how;
    }
    EXPECT_EQ(std::filesystem::file_size(path), 4096U) << "the disk was not full";
}

TEST_F(log_of_service, errors_of_a_start_that_nobody_reads_do_not_keep_it) {
    named_pipe log{folder.path + "/log"};
    const auto run =
        run_to_end({"/bin/sh", "-c",
                    "exec 2>" + folder.path +
                        "/log; head -c 4096 /dev/zero >&2; exec \"$0\" serve --port 0 --header x",
                    program("orders")},
                   servers.env());
    EXPECT_EQ(run.status, 78);
}

// ---- descriptors that are closed ----

TEST_F(log_of_service, has_no_socket_for_a_descriptor) {
    const auto one = start("<&- >&- 2>&-", "--log-level debug --workers 2");
    EXPECT_EQ(count(port), 12000);
    for (const auto* name : {"0", "1", "2"})
        EXPECT_EQ(
            std::filesystem::read_symlink("/proc/" + std::to_string(one->pid()) + "/fd/" + name),
            "/dev/null");
    EXPECT_EQ(count(port), 12000);
    one->signal(SIGTERM);
    EXPECT_EQ(one->wait(), 0);
}

TEST_F(log_of_service, and_commands_have_none_either) {
    for (const auto* command : {"openapi", "check --reads 3 --urls http://127.0.0.1:9",
                                "cache purge", "serve --print-config", "load-sample"}) {
        const auto closed =
            run_to_end({"/bin/sh", "-c", "exec <&- >&- 2>&-; exec \"$0\" " + std::string{command},
                        program("orders")},
                       servers.env());
        const auto open =
            run_to_end({"/bin/sh", "-c", "exec \"$0\" " + std::string{command}, program("orders")},
                       servers.env());
        EXPECT_EQ(closed.status, open.status) << command << ": " << open.err;
    }
}

// ---- lines of JSON ----

std::string member(const std::string& line, const std::string& name) {
    const std::regex shape{"\"" + name + "\":(\"[^\"]*\"|[0-9.]+)"};
    std::smatch found;
    return std::regex_search(line, found, shape) ? found[1].str() : "";
}

std::string line_with(const service& one, const std::string& part) {
    EXPECT_TRUE(one.wait_for_log(part)) << one.log();
    std::istringstream lines{one.log()};
    for (std::string line; std::getline(lines, line);)
        if (has(line, part)) return line;
    return {};
}

TEST_F(log_of_service, in_json_has_what_a_request_was_in_members_of_its_own) {
    auto env = servers.env();
    env["CACHE_DEADLINE_MS"] = "5000";  // a miss by a busy machine would be no hit
    const service one{env, {"--log-config", "json", "--workers", "1"}};
    // A worker that has just begun trusts Valkey a moment later.
    EXPECT_TRUE(eventually([&] {
        return has(get(one.port(), "/count?customerid=43").header("cache-status"), "hit");
    }));
    const auto ask = [&](const char* id) {
        return request(
            one.port(), "GET", "/count?customerid=42",
            {{"x-request-id", id},
             {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
    };
    EXPECT_EQ(ask("first-1").status, 200);
    const auto first = line_with(one, "id=first-1");
    EXPECT_NO_THROW(expect_compact_json(first)) << first;
    EXPECT_EQ(member(first, "method"), "\"GET\"");
    EXPECT_EQ(member(first, "path"), "\"/count\"");
    EXPECT_EQ(member(first, "status"), "200");
    EXPECT_EQ(member(first, "request_id"), "\"first-1\"");
    EXPECT_EQ(member(first, "trace_id"), "\"0af7651916cd43dd8448eb211c80319c\"");
    EXPECT_EQ(member(first, "cache_key"), "\"num_orders:42\"");
    EXPECT_EQ(member(first, "cache_tier"), "\"source\"");
    EXPECT_TRUE(member(first, "client").starts_with("\"127.0.0.1:")) << first;
    EXPECT_GT(std::stod(member(first, "duration_ms")), 0.0) << first;
    ask("second-2");
    EXPECT_EQ(member(line_with(one, "id=second-2"), "cache_tier"), "\"shared\"");
    ask("third-3");
    EXPECT_EQ(member(line_with(one, "id=third-3"), "cache_tier"), "\"local\"");
    raw(one.port(), "GET  /count HTTP/1.1\r\n\r\n");
    const auto refused = line_with(one, "invalid request");
    EXPECT_EQ(member(refused, "status"), "400");
    EXPECT_EQ(member(refused, "path") + member(refused, "duration_ms"), "") << refused;
}

TEST_F(log_of_service, has_a_duration_in_text_where_it_is_asked_for) {
    const service one{servers.env(), {"--access-log-duration"}};
    get(one.port(), "/count");
    EXPECT_TRUE(std::regex_search(line_with(one, "GET /count"),
                                  std::regex{R"( 200 OK duration=\d+\.\d{3}ms$)"}))
        << one.log();
    const service other{servers.env()};
    get(other.port(), "/count");
    EXPECT_FALSE(has(line_with(other, "GET /count"), "duration"));
}

TEST_F(log_of_service, in_json_has_why_it_does_not_start) {
    for (const auto& [flags, more, sentence] :
         std::vector<std::tuple<std::vector<std::string>, environment, const char*>>{
             {{"--log-config", "json", "--port", "web"}, {}, "--port"},
             {{"--log-config=json", "--header", "x"}, {}, "name:value"},
             {{"--port", "0"},
              {{"ORDERS_LOG_CONFIG", "json"}, {"PG_SERVICE_URI", "nonsense"}},
              "PG_SERVICE_URI"},
             {{"--log-config", "json", "--host", "192.0.2.1"}, {}, "192.0.2.1"}}) {
        std::vector<std::string> words{"serve"};
        words.insert(words.end(), flags.begin(), flags.end());
        const auto run = run_orders(words, more);
        EXPECT_NE(run.status, 0);
        EXPECT_TRUE(run.err.starts_with(R"({"time":")")) << run.err;
        std::istringstream lines{run.err};
        std::string line, last;
        while (std::getline(lines, line)) {
            EXPECT_NO_THROW(expect_compact_json(line)) << line;
            last = line;
        }
        EXPECT_TRUE(has(member(last, "message"), sentence)) << last;
    }
}

}  // namespace
}  // namespace larder::test
