#include "program/help.hpp"

#include <algorithm>
#include <cstddef>

#include "program/serve_flags.hpp"

namespace larder::program {

namespace {

constexpr std::size_t explanations_begin = 26;  // the column

}  // namespace

std::string help_on_variables(const description& of) {
    const auto prefix = prefix_of(of.name);
    auto any_flag = "  " + prefix + "... ";
    any_flag.resize(std::max(any_flag.size(), explanations_begin), ' ');
    return "Variables:\n" + any_flag + "A flag that is not given: " + prefix +
           R"(PORT for --port
  PG_SERVICE_URI          The PostgreSQL server: any libpq URI
  PG_DATABASE             The database on it, whatever the URI names [)" +
           of.database + R"(]
  PG_DEADLINE_MS          How long a request waits for a connection to PostgreSQL [800]
  PG_CONNECTIONS          How many connections to it the process may have [20]
  PG_IDLE_SECONDS         After how long an idle one is closed, 0: never [30]
  PG_FOLLOW_URI           Where its log is read from, if not there, as behind a pooler
  VALKEY_SERVICE_URI      valkey://, valkeys:// (TLS), redis://, rediss://, unix://
  CACHE_TIMEOUT_SECONDS   How long an entry lives [120]
  CACHE_PREFIX            What the cache's keys begin with, before a colon
  CACHE_LOCAL_BYTES       The size of the local tier; 0: off [67108864]
  CACHE_DEADLINE_MS       How long a request waits for Valkey [100]
  CACHE_FOLLOW            Whether writes by others are seen at once: auto, on, trigger, off [off]
  CACHE_UNFOLLOWED_SECONDS  How long an entry is believed while nobody follows [5]
  CACHE_SELF_CHECK_SECONDS  How often a few entries are compared with PostgreSQL; 0: never [0]
  CACHE_CLIENT_RELOAD     Whether clients may have )" +
           of.entry + R"( loaded anew: on, off [on]
  OTEL_EXPORTER_OTLP_ENDPOINT  Who is told of traces: http://localhost:4318; empty: nobody
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT  The same with the path, which is else /v1/traces
  OTEL_EXPORTER_OTLP_HEADERS  Of each request to it: name=value,name=value
  OTEL_EXPORTER_OTLP_PROTOCOL  http/protobuf
  OTEL_EXPORTER_OTLP_CERTIFICATE  Whom https trusts there: a PEM file
  OTEL_SERVICE_NAME       What the service is called in traces [)" +
           of.name + R"(]
  OTEL_RESOURCE_ATTRIBUTES  More of what it is: name=value,name=value
  OTEL_TRACES_SAMPLER     Which requests: always_on, always_off, traceidratio; parentbased_ before
                          it: those whose traceparent says so [parentbased_always_on]
  OTEL_TRACES_SAMPLER_ARG  How many of them traceidratio takes, 0 to 1 [1]
  OTEL_TRACES_EXPORTER    otlp or none [otlp]
  OTEL_SDK_DISABLED       true: nobody is told of traces
  NOTIFY_SOCKET           Where systemd waits for READY=1

Switches are on, true, yes, 1 or off, false, no, 0, in any case.

Parameters of PG_SERVICE_URI, behind a '?': all of libpq's, such as sslmode, sslrootcert, sslcert,
sslkey, passfile, target_session_attrs, options, keepalives_idle and application_name.

Parameters of VALKEY_SERVICE_URI: db, username, password; with TLS ssl_ca_certs, ssl_certfile,
ssl_keyfile, and ssl_cert_reqs, which is required or none.)";
}

}  // namespace larder::program
