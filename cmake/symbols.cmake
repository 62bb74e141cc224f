# What a debugger needs, beside a program and not in it: orders.debug, which gdb and perf find by the
# link that the program keeps.
option(LARDER_SPLIT_SYMBOLS "Move the programs' symbols into files of their own" OFF)

function(larder_split_symbols program)
    if(NOT LARDER_SPLIT_SYMBOLS)
        return()
    endif()
    add_custom_command(
        TARGET ${program}
        POST_BUILD
        COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${program}> $<TARGET_FILE_NAME:${program}>.debug
        COMMAND ${CMAKE_OBJCOPY} --strip-unneeded --add-gnu-debuglink=$<TARGET_FILE_NAME:${program}>.debug
                $<TARGET_FILE:${program}>
        WORKING_DIRECTORY $<TARGET_FILE_DIR:${program}>
        VERBATIM)
endfunction()
