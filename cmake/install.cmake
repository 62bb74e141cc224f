# The library for others: find_package(larder), or pkg-config.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME dev)

set(larder_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/larder)
install(TARGETS larder larder_boost EXPORT larder ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/larder DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING
        PATTERN *.hpp)
install(EXPORT larder NAMESPACE larder:: FILE larder-targets.cmake DESTINATION ${larder_package_dir})
if(LARDER_PROGRAM)
    install(TARGETS larder_program EXPORT larder_program
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(EXPORT larder_program NAMESPACE larder:: FILE larder-program-targets.cmake
            DESTINATION ${larder_package_dir})
endif()
configure_package_config_file(cmake/larder-config.cmake.in larder-config.cmake
                              INSTALL_DESTINATION ${larder_package_dir})
# Before 1.0.0 each minor version may change what programs use.
write_basic_package_version_file(larder-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/larder-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/larder-config-version.cmake cmake/boost.cmake
        DESTINATION ${larder_package_dir})

get_target_property(definitions larder_boost INTERFACE_COMPILE_DEFINITIONS)
list(TRANSFORM definitions PREPEND "-D")
list(JOIN definitions " " LARDER_DEFINITIONS)
configure_file(cmake/larder.pc.in larder.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/larder.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(LARDER_APPS)
    include(cmake/package.cmake)
endif()
