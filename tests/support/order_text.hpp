#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "support/http_client.hpp"
#include "support/json_text.hpp"

namespace larder::test {

// Bodies of POST /add/: the tutorial's order, with the JSON of some members replaced. An empty
// text leaves the member out.
std::string order(const std::string& orderdate, const std::string& customerid,
                  const std::string& netamount, const std::string& tax);
std::string with_date(const std::string& json);
std::string with_customer(const std::string& json);
std::string with_net(const std::string& json);
std::string with_tax(const std::string& json);

// The members' places in a fault.
inline const std::string date_loc = R"(["body","orderdate"])";
inline const std::string customer_loc = R"(["body","customerid"])";
inline const std::string net_loc = R"(["body","netamount"])";
inline const std::string tax_loc = R"(["body","tax"])";

// The contract's sentences.
fault missing(const std::string& loc);
fault no_object();
fault no_integer(const std::string& loc);
fault no_integer_text(const std::string& loc);
fault fraction(const std::string& loc);
fault no_number(const std::string& loc);
fault no_number_text(const std::string& loc);
fault no_string(const std::string& loc);

/// Whether they are the same fault; what is echoed is not compared.
bool operator==(const fault& a, const fault& b);
std::ostream& operator<<(std::ostream& to, const fault& one);

/// The faults of an answer that has to be a well-formed 422, which echoes at most scalars of at
/// most 200 bytes.
std::vector<fault> refused(const http_response& answer);

}  // namespace larder::test
