// Prints the OpenAPI document of the service.
#include <iostream>

#include "films.hpp"

int main() {
    larder::app service{{.name = "films"}};
    films::add_routes(service);
    std::cout << service.openapi();
}
