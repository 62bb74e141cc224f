// The namespace of the library, with the version of its binary interface in it.
#pragma once

/// What `larder::x` is to a compiler is `larder::v0_1::x` to a linker: two libraries that were built
/// with two versions of larder can be in one program, and a program that is linked with another
/// version than it was compiled with is refused. The library's own files open their namespace by
/// this name, as only GCC takes `namespace larder::http` for the one inside; programs write
/// `larder::`, and name the version nowhere. It changes where a version changes what compiled
/// programs use: before 1.0.0 with each minor version.
#define LARDER_NAMESPACE larder::inline v0_1
