# What larder is built on. tools/install puts it in place, by package name.

# Boost.Redis as larder uses it came with 1.88. Debian 13 has those headers as a package; for
# Debian 12 tools/install unpacks them below .deps/.
find_path(LARDER_BOOST_INCLUDE_DIR boost/redis/connection.hpp
          HINTS ${CMAKE_SOURCE_DIR}/.deps/boost/usr/include NO_CACHE)
if(NOT LARDER_BOOST_INCLUDE_DIR)
    message(FATAL_ERROR "Boost 1.88 is missing: run ./run build, or tools/install, once")
endif()
file(STRINGS ${LARDER_BOOST_INCLUDE_DIR}/boost/version.hpp boost_version
     REGEX "^#define BOOST_VERSION ")
string(REGEX MATCH "[0-9]+" boost_version "${boost_version}")
if(boost_version LESS 108800)
    message(FATAL_ERROR "Boost ${boost_version} in ${LARDER_BOOST_INCLUDE_DIR} is older than "
                        "1.88: run tools/install once")
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)

# The docs pages, from npm.
set(LARDER_WEB_DIR ${PROJECT_SOURCE_DIR}/.deps/web)
set(LARDER_WEB_FILES
    ${LARDER_WEB_DIR}/swagger-ui-dist/swagger-ui-bundle.js
    ${LARDER_WEB_DIR}/swagger-ui-dist/swagger-ui.css
    ${LARDER_WEB_DIR}/redoc/bundles/redoc.standalone.js)
foreach(file ${LARDER_WEB_FILES})
    if(NOT EXISTS ${file})
        message(FATAL_ERROR "The docs pages' ${file} is missing: run ./run build, or "
                            "tools/install, once")
    endif()
endforeach()

add_library(larder_boost INTERFACE)
target_include_directories(larder_boost SYSTEM INTERFACE ${LARDER_BOOST_INCLUDE_DIR})
# Compiled once each, in src/boost/.
target_compile_definitions(
    larder_boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY
                           BOOST_ALL_NO_LIB)
target_link_libraries(larder_boost INTERFACE Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
