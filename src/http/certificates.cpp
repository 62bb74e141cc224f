#include "certificates.hpp"

#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <chrono>
#include <system_error>
#include <utility>

#include "tls.hpp"

namespace LARDER_NAMESPACE::http {

namespace {

std::shared_ptr<certificates::context> context_of(const std::array<std::string, 3>& files) {
    return std::make_shared<certificates::context>(tls_context(files[0], files[1], files[2]));
}

}  // namespace

// What is there is looked at before it is read, so that a change in between is noticed later.
certificates::certificates(std::string key, std::string certificate, std::string authorities)
    : files_{std::move(key), std::move(certificate), std::move(authorities)},
      read_(look()),
      seen_(read_),
      current_(context_of(files_)) {}

std::shared_ptr<certificates::context> certificates::current() const {
    const std::lock_guard lock{mutex_};
    return current_;
}

certificates::identity certificates::look() const {
    identity all{};
    for (std::size_t i = 0; i < files_.size(); ++i) {
        struct stat found{};
        if (files_[i].empty() || ::stat(files_[i].c_str(), &found) != 0) continue;
        all[i] = {found.st_dev, found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec,
                  found.st_size};
    }
    return all;
}

void certificates::renew() {
    read_ = seen_ = look();
    try {
        auto next = context_of(files_);
        const std::lock_guard lock{mutex_};
        current_ = std::move(next);
    } catch (const std::system_error& e) {
        spdlog::error("{}; the certificate before stays in use", e.what());
        return;
    }
    spdlog::info("New connections use the certificate in {}", files_[1]);
}

void certificates::renew_if_changed() {
    const auto now = look();
    if (now != read_ && now == seen_) return renew();
    seen_ = now;
}

certificate_watch::certificate_watch(boost::asio::io_context& io, certificates& watched)
    : watched_(watched), timer_(io) {
    wait();
}

void certificate_watch::stop() {
    is_stopped_ = true;  // a handler may be on its way without an error
    timer_.cancel();
}

void certificate_watch::wait() {
    timer_.expires_after(std::chrono::milliseconds{500});
    timer_.async_wait([this](boost::system::error_code ended) {
        if (ended || is_stopped_) return;
        watched_.renew_if_changed();
        wait();
    });
}

}  // namespace LARDER_NAMESPACE::http
