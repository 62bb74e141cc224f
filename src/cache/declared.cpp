#include "declared.hpp"

#include <set>
#include <utility>

#include "digest.hpp"

namespace larder::cache {

// Beside the engine, whose sources need no Boost.
std::string declared_by(const std::vector<key>& families) {
    std::set<std::string> lines;
    for (const auto& family : families)
        for (const auto& source : family.sources()) {
            std::string line{family.family()};
            line.append(1, ' ').append(std::to_string(family.parameters()));
            line.append(1, ' ').append(source.table);
            for (const auto& column : source.columns()) line.append(1, ' ').append(column);
            if (source.is_only_counted) line += " counted";
            lines.insert(std::move(line));
        }
    std::string all;
    for (const auto& line : lines) all.append(line).append(1, '\n');
    return digest_of(all, 8);
}

}  // namespace larder::cache
