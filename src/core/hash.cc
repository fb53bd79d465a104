// XXH3, inlined from the library's header so that short keys pay for no call into it.
#include "core/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace strata::internal {

std::uint64_t hash64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

std::string hash128_hex(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  constexpr std::string_view kDigits = "0123456789abcdef";

  std::string hex(32, '0');
  for (unsigned digit = 0; digit < 16; ++digit) {
    const unsigned shift = 60 - 4 * digit;
    hex[digit] = kDigits[(hash.high64 >> shift) & 15];
    hex[16 + digit] = kDigits[(hash.low64 >> shift) & 15];
  }
  return hex;
}

}  // namespace strata::internal
