// ZstdCodec: single frames of Zstandard between buffers of known size, with contexts that are used
// again: making one costs more than a small value does.
//
// Threads   Thread-safe. The lock is held while a context is taken or given back.
// Memory    Up to kIdle idle contexts of each direction; one that has grown beyond kIdleBytes, as
//           those of high levels do, is not kept.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/unpacked.h"
#include "core/mutex.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace strata::internal {

struct FreeZstd {
  void operator()(ZSTD_CCtx_s* context) const noexcept;
  void operator()(ZSTD_DCtx_s* context) const noexcept;
};
using ZstdCompression = std::unique_ptr<ZSTD_CCtx_s, FreeZstd>;
using ZstdDecompression = std::unique_ptr<ZSTD_DCtx_s, FreeZstd>;

class ZstdCodec {
 public:
  static constexpr std::size_t kIdle = 8;
  static constexpr std::size_t kIdleBytes = 4u << 20;

  ZstdCodec();

  // How many bytes at the beginning of `out` are `raw` now; 0 if it does not fit or there is no
  // memory.
  [[nodiscard]] std::size_t compress(std::string_view raw, std::string& out, int level);

  // Fills `out` to its end; `bytes` must be one frame that says so.
  [[nodiscard]] Unpacked decompress(std::string_view bytes, std::string& out);

 private:
  Mutex mutex_;
  std::vector<ZstdCompression> compressing_ STRATA_GUARDED_BY(mutex_);
  std::vector<ZstdDecompression> decompressing_ STRATA_GUARDED_BY(mutex_);
};

}  // namespace strata::internal
