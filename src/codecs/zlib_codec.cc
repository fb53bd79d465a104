#include "codecs/zlib_codec.h"

#include <zlib.h>

namespace strata::internal {

std::size_t zlib_compress(std::string_view raw, std::string& out, int level) {
  uLongf size = out.size();
  const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                             reinterpret_cast<const Bytef*>(raw.data()), raw.size(), level);
  return done == Z_OK ? size : 0;
}

Unpacked zlib_decompress(std::string_view bytes, std::string& out) {
  uLongf size = out.size();
  uLong used = bytes.size();
  const int done = uncompress2(reinterpret_cast<Bytef*>(out.data()), &size,
                               reinterpret_cast<const Bytef*>(bytes.data()), &used);
  if (done == Z_MEM_ERROR) return Unpacked::kNoMemory;
  const bool is_whole = done == Z_OK && size == out.size() && used == bytes.size();
  return is_whole ? Unpacked::kWhole : Unpacked::kCorrupt;
}

}  // namespace strata::internal
