// The service as a program with larder's commands: `openapi` prints the same.
#include "larder/program.hpp"
#include "films.hpp"

int main(int argc, char** argv) {
    return larder::program::run({.name = "films", .add_routes = films::add_routes}, argc, argv);
}
