#include "request_counts.hpp"

namespace LARDER_NAMESPACE::http {

request_figures request_counts::figures() const {
    request_figures all;
    for (unsigned route = 0; route < routes_.size(); ++route) {
        const auto& one = routes_[route];
        all.latencies.push_back({{one.buckets.begin(), one.buckets.end()}, one.sum});
        for (std::size_t m = 0; m < methods; ++m)
            for (unsigned i = 0; one.counts[m] && i < statuses; ++i)
                if ((*one.counts[m])[i] > 0)
                    all.counts.push_back({.route = route,
                                          .method = static_cast<http::method>(m),
                                          .status = least_status + i,
                                          .requests = (*one.counts[m])[i]});
    }
    return all;
}

}  // namespace LARDER_NAMESPACE::http
