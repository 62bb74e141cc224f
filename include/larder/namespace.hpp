// The namespace of the library, with the version of its binary interface in it.
#pragma once

/// What is `larder::x` in a source is `larder::v0_1::x` to a linker, so what was compiled with the
/// headers of one version is not linked with the library of another one. The library's own files
/// open their namespaces by this name, as clang takes `namespace larder::http` for another one than
/// `larder::v0_1::http`; programs write `larder::`, and name no version. It is another one where a
/// version changes what compiled programs use: before 1.0.0 with each minor version.
#define LARDER_NAMESPACE larder::inline v0_1
