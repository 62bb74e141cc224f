#include "support/order_text.hpp"

#include <gtest/gtest.h>

#include <ostream>

namespace larder::test {

std::string order(const std::string& orderdate, const std::string& customerid,
                  const std::string& netamount, const std::string& tax) {
    std::string body;
    const auto member = [&body](const char* name, const std::string& value) {
        if (value.empty()) return;
        body += (body.empty() ? "{\"" : ",\"") + std::string{name} + "\":" + value;
    };
    member("orderdate", orderdate);
    member("customerid", customerid);
    member("netamount", netamount);
    member("tax", tax);
    return body.empty() ? "{}" : body + "}";
}

std::string with_date(const std::string& json) { return order(json, "9999", "23.0", "2.0"); }
std::string with_customer(const std::string& json) {
    return order(R"("2023-03-10")", json, "23.0", "2.0");
}
std::string with_net(const std::string& json) {
    return order(R"("2023-03-10")", "9999", json, "2.0");
}
std::string with_tax(const std::string& json) {
    return order(R"("2023-03-10")", "9999", "23.0", json);
}

fault missing(const std::string& loc) { return {"missing", loc, "Field required"}; }
fault no_object() {
    return {"model_attributes_type", R"(["body"])",
            "Input should be a valid dictionary or object to extract fields from"};
}
fault no_integer(const std::string& loc) {
    return {"int_type", loc, "Input should be a valid integer"};
}
fault no_integer_text(const std::string& loc) {
    return {"int_parsing", loc,
            "Input should be a valid integer, unable to parse string as an integer"};
}
fault fraction(const std::string& loc) {
    return {"int_from_float", loc,
            "Input should be a valid integer, got a number with a fractional part"};
}
fault no_number(const std::string& loc) {
    return {"float_type", loc, "Input should be a valid number"};
}
fault no_number_text(const std::string& loc) {
    return {"float_parsing", loc,
            "Input should be a valid number, unable to parse string as a number"};
}
fault no_string(const std::string& loc) {
    return {"string_type", loc, "Input should be a valid string"};
}

bool operator==(const fault& a, const fault& b) {
    return a.type == b.type && a.loc == b.loc && a.msg == b.msg;
}

std::ostream& operator<<(std::ostream& to, const fault& one) {
    return to << one.type << ' ' << one.loc << ' ' << one.msg;
}

std::vector<fault> refused(const http_response& answer) {
    EXPECT_EQ(answer.status, 422) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/json");
    auto faults = faults_of(answer.body);
    for (const auto& one : faults) {
        if (!one.input) continue;
        EXPECT_LE(one.input->size(), 202U) << "more than 200 bytes and their quotes";
        EXPECT_TRUE((*one.input)[0] != '{' && (*one.input)[0] != '[') << *one.input;
    }
    return faults;
}

}  // namespace larder::test
