// Metrics as they are told one after the other. Private to admin.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "larder/described.hpp"

namespace LARDER_NAMESPACE::admin {

/// What has been told so far, in the order in which it is shown.
class metric_families {
public:
    using labels = std::vector<prometheus::ClientMetric::Label>;
    using type = prometheus::MetricType;

    void counter(const char* name, const char* help, double value) {
        add(begin(name, help, type::Counter), {}, value);
    }
    void gauge(const char* name, const char* help, double value) {
        add(begin(name, help, type::Gauge), {}, value);
    }
    /// The same with a label: its values and what each has.
    void by(type kind, const char* name, const char* help, const char* label,
            std::initializer_list<std::pair<const char*, double>> values) {
        auto& family = begin(name, help, kind);
        for (const auto& [value, number] : values) add(family, {{label, value}}, number);
    }
    /// The members of a described struct of counters.
    template <described T>
    void by_reason(const char* name, const char* help, const T& counted) {
        auto& family = begin(name, help, type::Counter);
        for_each_member<T>([&](auto member) {
            add(family, {{"reason", std::string{member.name}}},
                static_cast<double>(counted.*member.pointer));
        });
    }

    prometheus::MetricFamily& begin(const char* name, const char* help, type kind) {
        return all_.emplace_back(prometheus::MetricFamily{name, help, kind, {}});
    }
    static void add(prometheus::MetricFamily& to, labels by, double value) {
        auto& one = to.metric.emplace_back();
        one.label = std::move(by);
        if (to.type == type::Counter) one.counter.value = value;
        else one.gauge.value = value;
    }

    std::string text() const { return prometheus::TextSerializer{}.Serialize(all_); }

private:
    std::vector<prometheus::MetricFamily> all_;
};

}  // namespace LARDER_NAMESPACE::admin
