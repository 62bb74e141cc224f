// The files of TLS: what is wrong with them is told, and they are renewed under a service.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "support/certificate.hpp"
#include "support/store_test.hpp"
#include "support/text.hpp"

namespace larder::test {
namespace {

namespace fs = std::filesystem;

struct certificates_of_service : store_test {
    void SetUp() override {
        store_test::SetUp();
        put(first);
    }
    std::string key() const { return folder.path + "/key"; }
    std::string file() const { return folder.path + "/certificate"; }
    /// As certbot does: each file appears as a whole.
    void put(const certificate& one) const {
        for (const auto& [from, to] : {std::pair{one.key(), key()}, {one.file(), file()}}) {
            fs::copy_file(from, to + ".new", fs::copy_options::overwrite_existing);
            fs::rename(to + ".new", to);
        }
    }
    std::unique_ptr<child> start() {
        auto one = std::make_unique<child>(
            std::vector<std::string>{program("orders"), "serve", "--port", std::to_string(port),
                                     "--ssl-keyfile", key(), "--ssl-certfile", file()},
            servers.env());
        EXPECT_TRUE(one->wait_for_err("listening on https://127.0.0.1:")) << one->err();
        return one;
    }
    /// Whether it answers with that certificate.
    bool serves(const certificate& one) const {
        const auto answer = run_to_end({"/usr/bin/curl", "-sS", "--cacert", one.file(),
                                        "https://127.0.0.1:" + std::to_string(port) + "/count"},
                                       {});
        return answer.status == 0 && answer.out == count_body(12000);
    }
    static void end(child& one) {
        one.signal(SIGTERM);
        EXPECT_EQ(one.wait(), 0) << one.err();
    }

    const certificate first{"IP:127.0.0.1"}, second{"IP:127.0.0.1"};
    const scratch_folder folder{"renewed"};
    const std::uint16_t port = free_port();
};

// A connection that is open meanwhile: its second request comes when the certificate is another
// one.
TEST_F(certificates_of_service, that_are_renewed_are_noticed_and_no_connection_is_dropped) {
    const auto one = start();
    ASSERT_TRUE(serves(first));
    const auto fifo = folder.path + "/requests";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    child kept{{"/bin/sh", "-c",
                "openssl s_client -quiet -connect 127.0.0.1:" + std::to_string(port) + " -CAfile " +
                    first.file() + " <" + fifo + " >" + folder.path + "/answers"},
               {}};
    std::ofstream requests{fifo};
    const auto answers = [&] {
        std::ifstream from{folder.path + "/answers"};
        const std::string text{std::istreambuf_iterator<char>{from}, {}};
        int found = 0;
        for (auto at = text.find(count_body(12000)); at != std::string::npos;
             at = text.find(count_body(12000), at + 1))
            ++found;
        return found;
    };
    requests << "GET /count HTTP/1.1\r\nhost: shop\r\n\r\n" << std::flush;
    EXPECT_TRUE(eventually([&] { return answers() == 1; }));
    put(second);
    EXPECT_TRUE(eventually([&] { return serves(second); })) << one->err();
    EXPECT_FALSE(serves(first));
    EXPECT_TRUE(one->wait_for_err("New connections use the certificate in " + file()));
    requests << "GET /count HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n" << std::flush;
    EXPECT_TRUE(eventually([&] { return answers() == 2; }));
    requests.close();
    end(*one);
}

TEST_F(certificates_of_service, that_cannot_be_used_change_nothing_but_the_log) {
    const auto one = start();
    std::ofstream{file()} << "nonsense";
    EXPECT_TRUE(one->wait_for_err("Cannot use " + file() + " as a certificate: ")) << one->err();
    EXPECT_TRUE(has(one->err(), "; the certificate before stays in use\n"));
    EXPECT_TRUE(serves(first));
    put(second);
    EXPECT_TRUE(eventually([&] { return serves(second); }));
    fs::copy_file(first.key(), key(), fs::copy_options::overwrite_existing);
    EXPECT_TRUE(one->wait_for_err("key values mismatch")) << one->err();
    EXPECT_TRUE(serves(second));
    fs::remove(key());
    EXPECT_TRUE(one->wait_for_err("No such file or directory")) << one->err();
    EXPECT_TRUE(serves(second));
    end(*one);
}

TEST_F(certificates_of_service, are_read_anew_at_once_on_sighup) {
    const auto one = start();
    one->signal(SIGHUP);
    EXPECT_TRUE(one->wait_for_err("New connections use the certificate in ")) << one->err();
    EXPECT_TRUE(serves(first));
    end(*one);
}

// Each sentence is the library's own, once, and the files are named.
TEST_F(certificates_of_service, that_are_none_are_told_with_the_reason) {
    const auto junk = folder.path + "/junk", locked = folder.path + "/locked";
    std::ofstream{junk} << "nonsense";
    ASSERT_EQ(run_to_end({"openssl", "pkey", "-in", first.key(), "-aes128", "-passout", "pass:x",
                          "-out", locked},
                         {})
                  .status,
              0);
    for (const auto& [certificate_file, key_file, sentence] :
         std::vector<std::tuple<std::string, std::string, std::string>>{
             {junk, key(), "Cannot use " + junk + " as a certificate: no start line"},
             {key(), key(), "Cannot use " + key() + " as a certificate: no start line"},
             {file(), second.key(),
              "Cannot use " + second.key() + " as the certificate's key, that of " + file() +
                  ": key values mismatch"},
             {file(), locked,
              "Cannot use " + locked + " as the certificate's key, that of " + file() +
                  ": it is encrypted"},
             {"/nothing", key(), "Cannot use /nothing as a certificate: No such file"}}) {
        const auto run = run_orders(
            {"serve", "--port", "0", "--ssl-keyfile", key_file, "--ssl-certfile", certificate_file},
            {});
        EXPECT_EQ(run.status, 69);
        EXPECT_TRUE(has(run.err, sentence)) << run.err;
        EXPECT_FALSE(has(run.err, "Invalid argument") || has(run.err, "pass phrase")) << run.err;
    }
}

}  // namespace
}  // namespace larder::test
