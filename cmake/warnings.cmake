# The target larder_warnings: link it privately to compile with the project's warnings.
add_library(larder_warnings INTERFACE)
target_compile_options(larder_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow
                       -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual
                       # Designated initialisers leave out what has a default.
                       -Wno-missing-field-initializers
                       # GCC 12 mistakes the frames of Asio's coroutines for a mismatch.
                       -Wno-mismatched-new-delete)
if(CMAKE_UNITY_BUILD)
    # Many sources in one look like a header, and see each other's names. The build apart, in which
    # each is for itself, warns of both.
    target_compile_options(larder_warnings INTERFACE -Wno-shadow
                           $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
if(LARDER_WERROR)
    target_compile_options(larder_warnings INTERFACE -Werror)
endif()
