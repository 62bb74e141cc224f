#include "process_name.hpp"

#include <unistd.h>

#include <array>

namespace LARDER_NAMESPACE {

std::string name_of_process() {
    std::array<char, 256> machine{};
    if (gethostname(machine.data(), machine.size() - 1) != 0) machine = {'?'};
    return std::string{machine.data()} + ':' + std::to_string(getpid());
}

}  // namespace LARDER_NAMESPACE
