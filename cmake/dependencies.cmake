# What larder is built on. tools/install puts it in place, by package name.

set(LARDER_DEPS ${PROJECT_SOURCE_DIR}/.deps
    CACHE PATH "Where larder's tools/install unpacked what this system has no packages of")

# Boost.Redis as larder uses it came with 1.88. Debian 13 has those headers as a package; for
# Debian 12 tools/install unpacks them below .deps/.
include(${CMAKE_CURRENT_LIST_DIR}/boost.cmake)
larder_find_boost(${LARDER_DEPS}/boost/usr/include)
if(NOT LARDER_BOOST_INCLUDE_DIR)
    message(FATAL_ERROR "${LARDER_BOOST_FAULT}: run larder's ./run build, or tools/install, once, "
                        "or say with -DLARDER_DEPS where another checkout of larder has its .deps")
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(spdlog REQUIRED)
find_package(prometheus-cpp QUIET REQUIRED)
if(LARDER_PROGRAM)
    find_package(CLI11 REQUIRED)
endif()

# What the docs pages and the dashboard show with, from npm.
set(LARDER_WEB_DIR ${LARDER_DEPS}/web)
set(LARDER_WEB_FILES
    ${LARDER_WEB_DIR}/swagger-ui-dist/swagger-ui-bundle.js
    ${LARDER_WEB_DIR}/swagger-ui-dist/swagger-ui.css
    ${LARDER_WEB_DIR}/redoc/bundles/redoc.standalone.js
    ${LARDER_WEB_DIR}/uplot/dist/uPlot.iife.min.js
    ${LARDER_WEB_DIR}/uplot/dist/uPlot.min.css)
foreach(file ${LARDER_WEB_FILES})
    if(NOT EXISTS ${file})
        message(FATAL_ERROR "The pages' ${file} is missing: run ./run build, or "
                            "tools/install, once")
    endif()
endforeach()

add_library(larder_boost INTERFACE)
target_include_directories(larder_boost SYSTEM
                           INTERFACE $<BUILD_INTERFACE:${LARDER_BOOST_INCLUDE_DIR}>)
# Compiled once each, in src/boost/. Asio allocates by operator new, as glibc and jemalloc keep what
# is freed at hand for that and not for aligned_alloc.
target_compile_definitions(
    larder_boost INTERFACE BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC BOOST_ASIO_DISABLE_BOOST_ALIGN
                           BOOST_ASIO_NO_DEPRECATED BOOST_ERROR_CODE_HEADER_ONLY
                           BOOST_ALL_NO_LIB)
target_link_libraries(larder_boost INTERFACE Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
