#include "sample/database.hpp"

#include <array>

#include "sample/failure.hpp"

namespace orders::sample {

namespace {

[[noreturn]] void fail_to_connect(const connection& refused, const keywords& server) {
    if (!answers(server))
        throw failure{refused.reason() + "; start the server, or correct PG_SERVICE_URI",
                      exit_unavailable};
    throw failure{refused.reason() + "; correct PG_SERVICE_URI or PG_DATABASE"};
}

bool exists(connection& server, const std::string& database) {
    return server.value("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", database)
        .has_value();
}

void create(connection& server, const std::string& database) {
    const auto name = server.quoted(database);
    try {
        server.execute("CREATE DATABASE " + name);
    } catch (const failure& refused) {
        // Someone else made it in the meantime: before, or while, this statement looked.
        if (refused.sqlstate() == "42P04" || refused.sqlstate() == "23505") return;
        throw failure{"cannot create database " + name + ": " + refused.what() +
                          "; have it made by a role that may, or name one that is there with "
                          "PG_DATABASE",
                      refused.exit_status(), refused.sqlstate()};
    }
}

}  // namespace

connection connect_or_create(const keywords& server, const std::string& database) {
    // First the database itself: where it is there, the role needs to reach no other.
    connection direct{server, database};
    if (direct.is_open()) return direct;
    if (!answers(server)) fail_to_connect(direct, server);

    // Then one to create it from: the one PG_SERVICE_URI names, or those every server has.
    for (const std::string from : {"", "postgres", "template1"}) {
        connection other{server, from};
        if (!other.is_open()) continue;
        // It may be there by now: somebody else loads the sample, too.
        if (!exists(other, database)) create(other, database);
        connection made{server, database};
        if (!made.is_open()) fail_to_connect(made, server);
        return made;
    }
    fail_to_connect(direct, server);
}

}  // namespace orders::sample
