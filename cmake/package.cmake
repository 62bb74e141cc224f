# What `cmake --install` adds for a program, and Debian's packages of both: tools/package.

# The program writes its manual page and completions itself.
install(
    CODE "
    foreach(pair \"orders.1;man\" \"orders.bash;completion;bash\" \"_orders;completion;zsh\")
        list(POP_FRONT pair file)
        execute_process(COMMAND \$<TARGET_FILE:orders> \${pair} OUTPUT_FILE ${PROJECT_BINARY_DIR}/\${file}
                        COMMAND_ERROR_IS_FATAL ANY)
    endforeach()
    execute_process(COMMAND ${GZIP} -9nf ${PROJECT_BINARY_DIR}/orders.1 COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT orders)
install(TARGETS orders RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT orders)
install(FILES ${PROJECT_BINARY_DIR}/orders.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT orders)
install(FILES ${PROJECT_BINARY_DIR}/orders.bash RENAME orders
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT orders)
install(FILES ${PROJECT_BINARY_DIR}/_orders DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
        COMPONENT orders)

# Of the package alone: they name /usr/bin, and /etc is not below the prefix.
set(LARDER_PACKAGE_MAINTAINER "The maintainers of larder <larder@packages.invalid>"
    CACHE STRING "Who is named in the packages")
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(of_package COMPONENT orders EXCLUDE_FROM_ALL)
install(FILES ${deploy}/orders.service ${deploy}/orders.socket DESTINATION lib/systemd/system ${of_package})
install(FILES ${deploy}/sysusers.conf RENAME larder-orders.conf DESTINATION lib/sysusers.d ${of_package})
install(FILES ${deploy}/orders.env DESTINATION ../etc/orders PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ
        ${of_package})
install(FILES ${deploy}/postgres.sql ${deploy}/valkey.acl DESTINATION ${CMAKE_INSTALL_DATADIR}/larder-orders
        ${of_package})
# SOURCE_DATE_EPOCH, if it is set, is the time that everything has.
string(TIMESTAMP changelog_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${deploy}/debian/changelog.in ${PROJECT_BINARY_DIR}/changelog @ONLY)
execute_process(COMMAND ${GZIP} -9nf ${PROJECT_BINARY_DIR}/changelog COMMAND_ERROR_IS_FATAL ANY)
foreach(component orders dev)
    install(FILES ${PROJECT_BINARY_DIR}/changelog.gz ${deploy}/debian/copyright
            DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/larder-${component} COMPONENT ${component} EXCLUDE_FROM_ALL)
endforeach()

# Where gdb looks for them by the program's build id.
if(LARDER_SPLIT_SYMBOLS)
    install(
        CODE "
        execute_process(COMMAND ${CMAKE_READELF} --notes $<TARGET_FILE:orders> OUTPUT_VARIABLE notes
                        COMMAND_ERROR_IS_FATAL ANY)
        if(NOT notes MATCHES \"Build ID: ([0-9a-f][0-9a-f])([0-9a-f]+)\")
            message(FATAL_ERROR \"orders has no build id\")
        endif()
        set(folder \${CMAKE_INSTALL_PREFIX}/lib/debug/.build-id/\${CMAKE_MATCH_1})
        file(INSTALL DESTINATION \${folder} TYPE FILE RENAME \${CMAKE_MATCH_2}.debug
             PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ FILES $<TARGET_FILE:orders>.debug)"
        COMPONENT dbgsym EXCLUDE_FROM_ALL)
    install(FILES ${PROJECT_BINARY_DIR}/changelog.gz ${deploy}/debian/copyright
            DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/larder-orders-dbgsym COMPONENT dbgsym EXCLUDE_FROM_ALL)
    set(of_symbols dbgsym)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME larder)
set(CPACK_PACKAGE_CONTACT ${LARDER_PACKAGE_MAINTAINER})
set(CPACK_COMPONENTS_ALL orders dev ${of_symbols})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
                                                WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/strip_archives.cmake)

set(CPACK_DEBIAN_ORDERS_PACKAGE_NAME larder-orders)
set(CPACK_DEBIAN_ORDERS_PACKAGE_SECTION web)
set(CPACK_DEBIAN_ORDERS_DESCRIPTION
    "service that counts orders, cached in Valkey
It counts and adds the orders in a PostgreSQL database over HTTP. The counts
are cached in Valkey, and no order that was acknowledged is missing in one.
.
This package has the service for systemd, with a socket and the settings in
/etc/orders/orders.env.")
set(CPACK_DEBIAN_ORDERS_PACKAGE_SHLIBDEPS ON)
# In front of what dpkg-shlibdeps finds: the first one has systemd-sysusers.
set(CPACK_DEBIAN_ORDERS_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers")
set(CPACK_DEBIAN_ORDERS_PACKAGE_CONTROL_EXTRA
    ${deploy}/debian/conffiles ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm)
set(CPACK_DEBIAN_ORDERS_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME larder-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_DESCRIPTION
    "web services over PostgreSQL, cached in Valkey - C++ library
Headers and static libraries for web services whose answers come from
PostgreSQL and are cached in Valkey, for CMake and pkg-config.
.
It needs the headers of Boost 1.88 or newer.")
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libpq-dev, libssl-dev, libspdlog-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "libboost1.88-dev, libcli11-dev")

set(CPACK_DEBIAN_DBGSYM_PACKAGE_NAME larder-orders-dbgsym)
set(CPACK_DEBIAN_DBGSYM_PACKAGE_SECTION debug)
set(CPACK_DEBIAN_DBGSYM_DESCRIPTION
    "debug symbols for larder-orders
The names of functions and the numbers of lines of the program orders, for
gdb, perf and backtraces.")
set(CPACK_DEBIAN_DBGSYM_PACKAGE_DEPENDS "larder-orders (= ${PROJECT_VERSION})")
include(CPack)
