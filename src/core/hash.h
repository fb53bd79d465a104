// XXH3 hashes of bytes. hash.cc is the one file that knows the hash library.
//
// Results are the same on every machine and in every release: they are written to disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::internal {

[[nodiscard]] std::uint64_t hash64(std::string_view bytes);

// XXH3-128 as 32 lower-case hex digits, the high half first (what `xxhsum -H2` prints).
[[nodiscard]] std::string hash128_hex(std::string_view bytes);

}  // namespace strata::internal
