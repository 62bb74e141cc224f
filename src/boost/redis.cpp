// Boost.Redis, compiled once for the whole library.
#include <boost/redis/src.hpp>
