# Which commit the programs are built from. Each build looks, and writes a source of one line if the
# answer is another one, so that a commit costs its compilation and a link, and no more.
#
# Included, this makes the library larder_commit; the build runs it as a script.
if(NOT CMAKE_SCRIPT_MODE_FILE)
    set(larder_commit_source ${PROJECT_BINARY_DIR}/commit.cpp)
    add_custom_target(
        larder_commit_source
        COMMAND ${CMAKE_COMMAND} -DFROM=${PROJECT_SOURCE_DIR} -DTO=${larder_commit_source} -P ${CMAKE_CURRENT_LIST_FILE}
        BYPRODUCTS ${larder_commit_source}
        VERBATIM)
    add_library(larder_commit STATIC ${larder_commit_source})
    add_dependencies(larder_commit larder_commit_source)
    target_include_directories(larder_commit INTERFACE ${PROJECT_SOURCE_DIR}/apps)
    return()
endif()

cmake_minimum_required(VERSION 3.25)

# A checkout of something else around an unpacked archive is not this program's. git refreshes what it
# knows of the files only in its memory, as whoever builds may not own the checkout.
set(commit unknown)
find_program(GIT git)
if(GIT)
    execute_process(COMMAND ${GIT} -C ${FROM} rev-parse --show-toplevel OUTPUT_VARIABLE top
                    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    file(REAL_PATH "${FROM}" from)
    if(top STREQUAL from)
        execute_process(COMMAND ${GIT} --no-optional-locks -C ${FROM} describe --always --dirty --abbrev=12 --exclude=*
                        OUTPUT_VARIABLE said RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
        if(status EQUAL 0 AND said)
            set(commit ${said})
        endif()
    endif()
endif()
file(CONFIGURE OUTPUT ${TO} @ONLY CONTENT
     "extern const char* const larder_commit;\nconst char* const larder_commit = \"@commit@\";\n")
