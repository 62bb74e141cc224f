# The services take jemalloc where libjemalloc-dev is installed: whatever is no local hit makes the
# frames of some dozen coroutines, and most are larger than what glibc keeps at hand for a thread
# (docs/decisions.md). Sanitizers bring an allocator of their own.
option(LARDER_JEMALLOC "Link the services with jemalloc, if it is installed" ON)
find_library(LARDER_JEMALLOC_LIBRARY jemalloc)
mark_as_advanced(LARDER_JEMALLOC_LIBRARY)

function(larder_use_jemalloc program)
    if(LARDER_JEMALLOC AND LARDER_JEMALLOC_LIBRARY AND NOT LARDER_SANITIZE)
        # Nothing calls it by a name of its own.
        target_link_libraries(${program} PRIVATE -Wl,--push-state,--no-as-needed
                                                 ${LARDER_JEMALLOC_LIBRARY} -Wl,--pop-state)
    endif()
endfunction()
