// Which commit a program was built from.
#pragma once

/// The first twelve digits, with `-dirty` behind them where files were changed since; `unknown` in
/// a tree without git. Written by each build (cmake/commit.cmake).
extern const char* const larder_commit;
