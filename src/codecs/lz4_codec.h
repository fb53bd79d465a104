// lz4's block format, between buffers of known size. A block has no sum: the record's has to do.
//
// Threads   Thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "codecs/unpacked.h"

namespace strata::internal {

// How many bytes at the beginning of `out` are `raw` now; 0 if it does not fit or there is no
// memory. Levels from 3 on search longer.
[[nodiscard]] std::size_t lz4_compress(std::string_view raw, std::string& out, int level);

// Fills `out` to its end, which must be that of `bytes` too.
[[nodiscard]] Unpacked lz4_decompress(std::string_view bytes, std::string& out);

}  // namespace strata::internal
