#include "program/trace_settings.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "larder/percent.hpp"
#include "program/variables.hpp"

namespace larder::program {

namespace {

using pairs = std::vector<std::pair<std::string, std::string>>;

struct setting {
    std::string name, value;
};

// What is said of traces counts, and else what is said of all signals.
std::optional<setting> of_exporter(const std::string& what) {
    for (const auto* of : {"TRACES_", ""}) {
        std::string name = "OTEL_EXPORTER_OTLP_";
        name += of;
        name += what;
        if (auto value = variable(name)) return setting{name, std::move(*value)};
    }
    return std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const auto first = std::min(text.find_first_not_of(' '), text.size());
    return text.substr(first, text.find_last_not_of(' ') + 1 - first);
}

bool is_pair_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    });
}

bool is_line(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 127; });
}

// `name=value,name=value`, the values percent-encoded.
pairs pairs_in(const setting& from) {
    pairs all;
    std::string_view rest = from.value;
    while (!rest.empty()) {
        const auto one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        if (trimmed(one).empty()) continue;
        const auto equals = std::min(one.find('='), one.size());
        const auto name = trimmed(one.substr(0, equals));
        const auto value = percent_decode(trimmed(one.substr(std::min(equals + 1, one.size()))));
        if (equals == one.size() || !is_pair_name(name) || !value || !is_line(*value))
            throw setting_error(from.name +
                                " has to look like name=value,name=value, with what is special in "
                                "a value percent-encoded");
        all.emplace_back(name, *value);
    }
    return all;
}

trace::endpoint endpoint_from(const setting& from) {
    auto to = trace::parse_endpoint(from.value);
    if (!to)
        throw setting_error(from.name +
                            " cannot be parsed: it should look like http://localhost:4318, or "
                            "https:// for TLS, without a user and a password");
    if (from.name.find("TRACES") != std::string::npos) return *to;
    while (to->path.ends_with('/')) to->path.pop_back();
    to->path += "/v1/traces";
    return *to;
}

double ratio_from_environment() {
    constexpr const char* name = "OTEL_TRACES_SAMPLER_ARG";
    const auto text = variable(name);
    if (!text) return 1;
    double ratio = 0;
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), ratio);
    if (ec != std::errc{} || end != text->data() + text->size() || !(ratio >= 0 && ratio <= 1))
        throw setting_error(std::string{name} + " has to be a number from 0 to 1, not '" + *text +
                            "'");
    return ratio;
}

void take_sampler(trace::options& o) {
    constexpr std::string_view by_parent = "parentbased_";
    const auto text = lower(variable("OTEL_TRACES_SAMPLER").value_or("parentbased_always_on"));
    std::string_view kind = text;
    o.follows_parent = kind.starts_with(by_parent);
    if (o.follows_parent) kind.remove_prefix(by_parent.size());
    if (kind == "always_on") o.ratio = 1;
    else if (kind == "always_off") o.ratio = 0;
    else if (kind == "traceidratio") o.ratio = ratio_from_environment();
    else
        throw setting_error(
            "OTEL_TRACES_SAMPLER has to be always_on, always_off or traceidratio, or one of these "
            "behind parentbased_, not '" +
            text + "'");
}

bool is_off() {
    if (lower(variable("OTEL_SDK_DISABLED").value_or("")) == "true") return true;
    const auto exporter = variable("OTEL_TRACES_EXPORTER").value_or("otlp");
    if (exporter != "otlp" && exporter != "none")
        throw setting_error("OTEL_TRACES_EXPORTER has to be otlp or none, not '" + exporter + "'");
    return exporter == "none";
}

}  // namespace

std::optional<trace::options> traces_from_environment() {
    const auto url = of_exporter("ENDPOINT");
    if (!url || is_off()) return std::nullopt;
    if (const auto how = of_exporter("PROTOCOL"); how && how->value != "http/protobuf")
        throw setting_error(how->name + " has to be http/protobuf, not '" + how->value + "'");
    trace::options o{.to = endpoint_from(*url)};
    if (const auto headers = of_exporter("HEADERS")) o.headers = pairs_in(*headers);
    if (const auto file = of_exporter("CERTIFICATE")) o.authorities = file->value;
    if (auto name = variable("OTEL_SERVICE_NAME")) o.service = std::move(*name);
    if (auto more = variable("OTEL_RESOURCE_ATTRIBUTES"))
        o.attributes = pairs_in({"OTEL_RESOURCE_ATTRIBUTES", std::move(*more)});
    take_sampler(o);
    return o;
}

std::string sampler_text(const trace::options& o) {
    const std::string by_parent = o.follows_parent ? "parentbased_" : "";
    if (o.ratio == 1) return by_parent + "always_on";
    if (o.ratio == 0) return by_parent + "always_off";
    auto ratio = std::to_string(o.ratio);
    while (ratio.ends_with('0')) ratio.pop_back();
    return by_parent + "traceidratio " + ratio;
}

}  // namespace larder::program
