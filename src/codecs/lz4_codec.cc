#include "codecs/lz4_codec.h"

#include <lz4.h>
#include <lz4hc.h>

#include "strata/core/limits.h"

namespace strata::internal {

static_assert(limits::kValueBytesMax < LZ4_MAX_INPUT_SIZE);

std::size_t lz4_compress(std::string_view raw, std::string& out, int level) {
  const int from = static_cast<int>(raw.size());
  const int room = static_cast<int>(out.size());
  const int size = level < LZ4HC_CLEVEL_MIN
                       ? LZ4_compress_default(raw.data(), out.data(), from, room)
                       : LZ4_compress_HC(raw.data(), out.data(), from, room, level);
  return size > 0 ? static_cast<std::size_t>(size) : 0;
}

Unpacked lz4_decompress(std::string_view bytes, std::string& out) {
  if (bytes.size() > LZ4_MAX_INPUT_SIZE) return Unpacked::kCorrupt;
  const int size = LZ4_decompress_safe(bytes.data(), out.data(), static_cast<int>(bytes.size()),
                                       static_cast<int>(out.size()));
  const bool is_whole = size >= 0 && static_cast<std::size_t>(size) == out.size();
  return is_whole ? Unpacked::kWhole : Unpacked::kCorrupt;
}

}  // namespace strata::internal
