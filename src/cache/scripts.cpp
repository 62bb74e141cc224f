#include "scripts.hpp"

#include <utility>

namespace LARDER_NAMESPACE::cache {

namespace {

// What somebody else put in the place of a lease or of holds is of no use, and would stay for ever.
constexpr std::string_view cure = R"(
local function cure(key, kind)
    local found = redis.call('TYPE', key).ok
    if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
end
)";
constexpr std::string_view cure_both = R"(
cure(KEYS[2], 'string')
cure(KEYS[3], 'zset')
)";

// The same for who changes the holds and deletes the lease, whatever that is.
constexpr std::string_view changes = R"(
local function change(command, ...)
    local done = redis.pcall(command, KEYS[3], ...)
    if type(done) ~= 'table' then return end
    if string.sub(done.err, 1, 9) ~= 'WRONGTYPE' then error(done) end
    redis.call('DEL', KEYS[3])
end
)";

constexpr std::string_view now = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
)";

// The same for who reads both, and mostly finds neither: each call of a command costs half a
// microsecond. Holds have deadlines by the server's own clock; those that are past count no more.
constexpr std::string_view reads = R"(
local function read(key, command, ...)
    local found = redis.pcall(command, key, ...)
    if type(found) ~= 'table' then return found end
    if string.sub(found.err, 1, 9) ~= 'WRONGTYPE' then error(found) end
end
local function owner_of_lease()
    local owner = read(KEYS[2], 'GET')
    if owner == nil then redis.call('DEL', KEYS[2]) end
    return owner
end
local function is_held()
    local kind = redis.call('TYPE', KEYS[3]).ok
    if kind == 'none' then return false end
    if kind ~= 'zset' then redis.call('DEL', KEYS[3]) return false end
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    return redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf') > 0
end
)";

constexpr std::string_view lease = R"(
local value = read(KEYS[1], 'GETRANGE', 0, ARGV[3])
local is_there = value and value ~= '' and value ~= ARGV[4]
local is_stale = is_there and tonumber(ARGV[5]) and redis.call('PTTL', KEYS[1]) <= tonumber(ARGV[5])
local is_value = is_there and not is_stale
if is_value and not ARGV[6] then return '=' .. value end
if ARGV[6] == 'anew' or (ARGV[6] and is_value) then redis.call('DEL', KEYS[1], KEYS[2]) end
local was = ARGV[6] and (is_value and '=' .. value or is_stale and '~') or ''
if is_held() then return 'held' .. was end
local owner = owner_of_lease()
if owner and owner ~= ARGV[1] then return 'busy' .. was end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 'granted' .. was
)";

constexpr std::string_view fill = R"(
if owner_of_lease() ~= ARGV[1] or is_held() then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('DEL', KEYS[2], KEYS[4])
if ARGV[4] then redis.call('SET', KEYS[4], '1', 'PX', ARGV[4]) end
return 1
)";

// Of a lease, and of the lock of who purges.
constexpr std::string_view give_back = R"(
if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
return 1
)";

// Beside the holds, below zero, is which transactions are released, for who hears of them later.
constexpr std::string_view hold = R"(
redis.call('DEL', KEYS[1], KEYS[2])
change('ZREMRANGEBYSCORE', -now, now)
redis.call('ZADD', KEYS[3], now + ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[3], ARGV[2]) end
return 1
)";

constexpr std::string_view release = R"(
redis.call('DEL', KEYS[1], KEYS[2])
if #ARGV > 2 then change('ZREM', unpack(ARGV, 3)) else cure(KEYS[3], 'zset') end
if ARGV[1] == '' then return 1 end
)";

// The end of a release that names its transaction.
constexpr std::string_view note_released = R"(
change('ZREMRANGEBYSCORE', -now, now)
redis.call('ZADD', KEYS[3], -now - ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[3], ARGV[2]) end
return 1
)";

// What was loaded since a transaction was released has seen it.
constexpr std::string_view forget = R"(
for _, transaction in ipairs(ARGV) do
    local released = redis.call('ZSCORE', KEYS[3], transaction)
    if not released or tonumber(released) >= -now then
        redis.call('DEL', KEYS[1], KEYS[2])
        return 1
    end
end
return 0
)";

// Never takes the lease anew: it may have been taken away because the value being loaded is untrue.
constexpr std::string_view renew = R"(
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[2], ARGV[2])
)";

// For as long as it is renewed, one instance purges. Who is not answered may have it, and asks
// again.
constexpr std::string_view lock = R"(
if redis.call('TYPE', KEYS[2]).ok ~= 'string' then redis.call('DEL', KEYS[2]) end
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
)";

constexpr std::string_view mark = R"(
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
return 1
)";

}  // namespace

const std::vector<std::string>& scripts() {
    const auto with = [](auto... parts) { return (std::string{parts} + ...); };
    static const std::vector<std::string> all{with(reads, lease),
                                              with(reads, fill),
                                              with(cure, cure_both, give_back),
                                              with(changes, now, hold),
                                              with(cure, changes, release, now, note_released),
                                              with(cure, cure_both, renew),
                                              std::string{lock},
                                              std::string{give_back},
                                              std::string{mark},
                                              with(cure, cure_both, now, forget)};
    return all;
}

std::vector<std::string> release_arguments(const std::vector<std::string>& writers,
                                           std::string transaction) {
    std::vector<std::string> all{std::move(transaction), std::to_string(released_is_known.count())};
    all.insert(all.end(), writers.begin(), writers.end());
    return all;
}

std::vector<std::string> keys_of(std::string_view key) {
    const auto tag = '{' + std::string{key} + '}';
    return {std::string{key}, tag + ":lease", tag + ":hold"};
}

std::string brief_of(std::string_view key) { return '{' + std::string{key} + "}:brief"; }

std::vector<std::string> marks_of(std::string_view family) {
    const auto name = "larder:trusted:" + std::string{family};
    return {name, '{' + name + "}:lock"};
}

}  // namespace LARDER_NAMESPACE::cache
