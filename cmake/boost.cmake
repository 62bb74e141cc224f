# larder_find_boost([HINT]) sets LARDER_BOOST_INCLUDE_DIR to where the headers of Boost 1.88 or newer
# are, or leaves it empty and sets LARDER_BOOST_FAULT. For the build, and for the installed package.
macro(larder_find_boost)
    find_path(LARDER_BOOST_INCLUDE_DIR boost/redis/connection.hpp HINTS ${ARGN} NO_CACHE)
    if(NOT LARDER_BOOST_INCLUDE_DIR)
        set(LARDER_BOOST_INCLUDE_DIR "")
        set(LARDER_BOOST_FAULT "Boost 1.88 is missing")
    else()
        file(STRINGS ${LARDER_BOOST_INCLUDE_DIR}/boost/version.hpp larder_boost_version
             REGEX "^#define BOOST_VERSION ")
        string(REGEX MATCH "[0-9]+" larder_boost_version "${larder_boost_version}")
        if(larder_boost_version LESS 108800)
            set(LARDER_BOOST_FAULT
                "Boost ${larder_boost_version} in ${LARDER_BOOST_INCLUDE_DIR} is older than 1.88")
            set(LARDER_BOOST_INCLUDE_DIR "")
        endif()
    endif()
endmacro()
