#include "larder/openapi.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "larder/app.hpp"
#include "larder/json.hpp"
#include "orders.hpp"

namespace LARDER_NAMESPACE {
namespace {

struct filter {
    std::uint16_t shelf = 0;
    std::optional<bool> open;
};
BOOST_DESCRIBE_STRUCT(filter, (), (shelf, open))

struct jar {
    std::optional<std::string> label;
    std::uint32_t grams = 0;
};
BOOST_DESCRIBE_STRUCT(jar, (), (label, grams))

struct jars {
    std::vector<jar> all;
};
BOOST_DESCRIBE_STRUCT(jars, (), (all))

enum class glass { clear, brown };
BOOST_DESCRIBE_ENUM(glass, clear, brown)

struct label {
    larder::date day{};
    larder::timestamp at{};
    larder::uuid id;
    glass of{};
};
BOOST_DESCRIBE_STRUCT(label, (), (day, at, id, of))

awaitable<label> put_label(services&, label in) { co_return in; }

awaitable<jars> list_jars(services&, filter) { co_return jars{}; }
awaitable<jar> put_jar(services&, jar in) { co_return in; }

json::node parsed(const std::string& document) {
    return std::get<json::node>(json::parse(document));
}

/// What stands under these names; null, and a failure, if nothing does.
json::node at(const json::node& from, std::initializer_list<std::string_view> names) {
    const auto* here = &from;
    for (const auto name : names) {
        here = here->find(name);
        if (here) continue;
        ADD_FAILURE() << "no " << name;
        return {};
    }
    return *here;
}

std::vector<std::string> names_in(const json::node& object) {
    std::vector<std::string> names;
    for (const auto& m : object.members) names.push_back(m.name);
    return names;
}

std::vector<std::string> texts_in(const json::node& array) {
    std::vector<std::string> texts;
    for (const auto& e : array.elements) texts.push_back(e.text);
    return texts;
}

using names = std::vector<std::string>;

json::node document_of_orders() {
    app service{{.name = "orders", .version = "1.2.3", .ttl = std::chrono::seconds{7}}};
    orders::add_routes(service);
    return parsed(service.openapi());
}

json::node document_of_jars() {
    app service{{.name = "jars"}};
    service.get("/jars/list", list_jars);
    service.post("/jars/list", put_jar | invalidates(nothing));
    return parsed(service.openapi());
}

TEST(openapi, says_what_it_is_and_of_what) {
    const auto document = document_of_orders();
    EXPECT_EQ(at(document, {"openapi"}).text, "3.1.0");
    EXPECT_EQ(at(document, {"info", "title"}).text, "orders");
    EXPECT_EQ(at(document, {"info", "version"}).text, "1.2.3");
    EXPECT_EQ(names_in(at(document, {"paths"})), (names{"/count", "/add/"}));
}

TEST(openapi, a_query_parameter_has_its_type_range_and_docs) {
    const auto all = at(document_of_orders(), {"paths", "/count", "get", "parameters"});
    ASSERT_EQ(all.elements.size(), 1U);
    const auto& one = all.elements[0];
    EXPECT_EQ(at(one, {"name"}).text, "customerid");
    EXPECT_EQ(at(one, {"in"}).text, "query");
    EXPECT_FALSE(at(one, {"required"}).boolean);
    EXPECT_NE(at(one, {"description"}).text, "");
    EXPECT_EQ(at(one, {"schema", "type"}).text, "integer");
    EXPECT_EQ(at(one, {"schema", "format"}).text, "int32");
    EXPECT_EQ(at(one, {"schema", "minimum"}).text, "-2147483648");
    EXPECT_EQ(at(one, {"schema", "maximum"}).text, "2147483647");
}

TEST(openapi, a_body_has_its_members_and_says_which_are_required) {
    const auto document = document_of_orders();
    const auto body = at(document, {"paths", "/add/", "post", "requestBody"});
    EXPECT_TRUE(at(body, {"required"}).boolean);
    EXPECT_EQ(at(body, {"content", "application/json", "schema", "$ref"}).text,
              "#/components/schemas/new_order");
    const auto order = at(document, {"components", "schemas", "new_order"});
    const names members{"orderdate", "customerid", "netamount", "tax"};
    EXPECT_EQ(names_in(at(order, {"properties"})), members);
    EXPECT_EQ(texts_in(at(order, {"required"})), members);
}

TEST(openapi, an_amount_is_a_number_in_its_range_or_a_string) {
    const auto tax = at(document_of_orders(),
                        {"components", "schemas", "new_order", "properties", "tax", "anyOf"});
    ASSERT_EQ(tax.elements.size(), 2U);
    EXPECT_EQ(at(tax.elements[0], {"type"}).text, "number");
    EXPECT_EQ(at(tax.elements[0], {"minimum"}).text, "-9999999999.99");
    EXPECT_EQ(at(tax.elements[0], {"maximum"}).text, "9999999999.99");
    EXPECT_EQ(at(tax.elements[1], {"type"}).text, "string");
}

TEST(openapi, the_example_is_the_tutorials_order) {
    const auto order = at(document_of_orders(), {"paths", "/add/", "post", "requestBody", "content",
                                                 "application/json", "example"});
    EXPECT_EQ(at(order, {"orderdate"}).text, "2023-03-10");
    EXPECT_EQ(at(order, {"customerid"}).text, "9999");
    EXPECT_EQ(at(order, {"netamount"}).text, "23.0");
    EXPECT_EQ(at(order, {"tax"}).text, "2.0");
}

TEST(openapi, the_answers_are_those_that_apply) {
    const auto document = document_of_orders();
    EXPECT_EQ(
        names_in(at(document, {"paths", "/count", "get", "responses"})),
        (names{"200", "304", "307", "400", "412", "422", "431", "500", "503", "504", "default"}));
    const auto of_add = at(document, {"paths", "/add/", "post", "responses"});
    EXPECT_EQ(names_in(of_add), (names{"200", "307", "400", "403", "412", "413", "415", "422",
                                       "431", "500", "503", "default"}));
    EXPECT_EQ(
        at(of_add, {"200", "content", "application/json", "example", "updated", "customer"}).text,
        "9999");
    EXPECT_EQ(at(of_add, {"422", "content", "application/json", "schema", "$ref"}).text,
              "#/components/schemas/HTTPValidationError");
    EXPECT_EQ(at(of_add, {"503", "headers", "retry-after", "schema", "type"}).text, "integer");
}

TEST(openapi, the_cache_policy_names_what_is_read_and_what_is_made_untrue) {
    const auto document = document_of_orders();
    const auto read = at(document, {"paths", "/count", "get", "x-larder-cache"});
    const names entries{"num_orders:all", "num_orders:{customerid}"};
    EXPECT_EQ(at(read, {"family"}).text, "num_orders");
    EXPECT_EQ(texts_in(at(read, {"entries"})), entries);
    EXPECT_EQ(at(read, {"ttl"}).text, "7");
    const auto write = at(document, {"paths", "/add/", "post", "x-larder-cache"});
    EXPECT_EQ(texts_in(at(write, {"invalidates"})), entries);
}

TEST(openapi, what_is_not_cached_has_no_policy_and_a_write_may_invalidate_nothing) {
    const auto path = at(document_of_jars(), {"paths", "/jars/list"});
    EXPECT_EQ(at(path, {"get"}).find("x-larder-cache"), nullptr);
    EXPECT_TRUE(at(path, {"post", "x-larder-cache", "invalidates"}).elements.empty());
}

TEST(openapi, structs_without_docs_are_documented_by_their_types) {
    const auto document = document_of_jars();
    const auto get = at(document, {"paths", "/jars/list", "get"});
    EXPECT_EQ(at(get, {"operationId"}).text, "get_jars_list");
    EXPECT_EQ(get.find("summary"), nullptr);
    const auto query = at(get, {"parameters"});
    ASSERT_EQ(query.elements.size(), 2U);
    EXPECT_TRUE(at(query.elements[0], {"required"}).boolean);
    EXPECT_EQ(at(query.elements[0], {"schema", "maximum"}).text, "65535");
    EXPECT_EQ(at(query.elements[1], {"schema", "type"}).text, "boolean");
    const auto schemas = at(document, {"components", "schemas"});
    EXPECT_EQ(at(schemas, {"jars", "properties", "all", "items", "$ref"}).text,
              "#/components/schemas/jar");
    EXPECT_EQ(texts_in(at(schemas, {"jar", "required"})), names{"grams"});
    const auto label = at(schemas, {"jar", "properties", "label", "anyOf"});
    ASSERT_EQ(label.elements.size(), 2U);
    EXPECT_EQ(at(label.elements[1], {"type"}).text, "null");
}

struct drawer {
    std::int32_t shelf = 0, place = 0;
    std::string label;
};
BOOST_DESCRIBE_STRUCT(drawer, (), (shelf, place, label))

awaitable<created<drawer>> put_drawer(services&, drawer in) {
    co_return created<drawer>{.value = in, .location = {}};
}
awaitable<std::optional<drawer>> get_drawer(services&, filter) { co_return std::nullopt; }
awaitable<no_content> delete_jar(services&, filter) { co_return no_content{}; }

TEST(openapi, what_the_path_has_is_not_in_the_body) {
    app service{{.name = "drawers"}};
    service.put("/shelves/{shelf}/{place}", put_drawer | invalidates(nothing));
    const auto document = parsed(service.openapi());
    const auto put = at(document, {"paths", "/shelves/{shelf}/{place}", "put"});
    EXPECT_EQ(at(put, {"operationId"}).text, "put_shelves_shelf_place");
    const auto parameters = at(put, {"parameters"});
    ASSERT_EQ(parameters.elements.size(), 2);
    EXPECT_EQ(at(parameters.elements[1], {"name"}).text, "place");
    EXPECT_EQ(at(parameters.elements[1], {"in"}).text, "path");
    EXPECT_TRUE(at(parameters.elements[1], {"required"}).boolean);
    const auto schemas = at(document, {"components", "schemas"});
    EXPECT_EQ(names_in(at(schemas, {"drawer_without_shelf_place", "properties"})),
              (names{"label"}));
    EXPECT_EQ(names_in(at(schemas, {"drawer", "properties"})), (names{"shelf", "place", "label"}));
    EXPECT_EQ(at(put, {"requestBody", "content", "application/json", "schema", "$ref"}).text,
              "#/components/schemas/drawer_without_shelf_place");
    EXPECT_EQ(at(put, {"responses", "201", "content", "application/json", "schema", "$ref"}).text,
              "#/components/schemas/drawer");
    at(put, {"responses", "200", "content"});
    at(put, {"responses", "201", "headers", "location"});
}

TEST(openapi, what_may_be_missing_is_a_404_and_what_says_nothing_a_204) {
    app service{{.name = "drawers"}};
    service.get("/shelves/{shelf}", get_drawer);
    service.del("/shelves/{shelf}", delete_jar | invalidates(nothing));
    const auto paths = at(parsed(service.openapi()), {"paths", "/shelves/{shelf}"});
    EXPECT_EQ(at(paths, {"get", "responses", "404", "description"}).text, "There is none.");
    at(paths, {"get", "responses", "200", "content"});
    EXPECT_EQ(names_in(at(paths, {"delete", "responses", "204"})), (names{"description"}));
    EXPECT_EQ(at(paths, {"delete", "responses"}).find("200"), nullptr);
    EXPECT_EQ(at(paths, {"delete"}).find("requestBody"), nullptr);
    EXPECT_EQ(at(paths, {"delete", "parameters"}).elements.size(), 2);
}

TEST(openapi, dates_times_uuids_and_enumerations_are_strings_that_say_so) {
    app service{{.name = "labels"}};
    service.post("/labels", put_label | invalidates(nothing));
    const auto members =
        at(parsed(service.openapi()), {"components", "schemas", "label", "properties"});
    EXPECT_EQ(at(members, {"day", "format"}).text, "date");
    EXPECT_EQ(at(members, {"at", "format"}).text, "date-time");
    EXPECT_EQ(at(members, {"id", "format"}).text, "uuid");
    EXPECT_EQ(texts_in(at(members, {"of", "enum"})), (names{"clear", "brown"}));
    for (const auto* name : {"day", "at", "id", "of"})
        EXPECT_EQ(at(members, {name, "type"}).text, "string");
}

struct shelf {
    std::int32_t number = 0;
    jar best;
    std::optional<jar> spare;
    std::vector<jar> others;
    std::optional<std::vector<shelf>> below;
};
BOOST_DESCRIBE_STRUCT(shelf, (), (number, best, spare, others, below))

awaitable<shelf> put_shelf(services&, shelf in) { co_return in; }

TEST(openapi, a_body_with_structs_inside_refers_to_them) {
    app service{{.name = "shelves"}};
    service.put("/shelves/{number}", put_shelf | invalidates(nothing));
    const auto document = parsed(service.openapi());
    const auto schemas = at(document, {"components", "schemas"});
    const std::string jar = "#/components/schemas/jar", whole = "#/components/schemas/shelf";
    const auto body = at(schemas, {"shelf_without_number"});
    EXPECT_EQ(texts_in(at(body, {"required"})), (names{"best", "others"}));
    for (const auto& one : {body, at(schemas, {"shelf"})}) {
        EXPECT_EQ(at(one, {"properties", "best", "$ref"}).text, jar);
        EXPECT_EQ(at(one, {"properties", "others", "items", "$ref"}).text, jar);
        const auto spare = at(one, {"properties", "spare", "anyOf"});
        ASSERT_EQ(spare.elements.size(), 2U);
        EXPECT_EQ(at(spare.elements[0], {"$ref"}).text, jar);
        const auto below = at(one, {"properties", "below", "anyOf"});
        ASSERT_EQ(below.elements.size(), 2U);
        EXPECT_EQ(at(below.elements[0], {"items", "$ref"}).text, whole);
    }
    EXPECT_EQ(texts_in(at(schemas, {"jar", "required"})), (names{"grams"}));
}

}  // namespace
}  // namespace LARDER_NAMESPACE
