#include "codecs/zstd_codec.h"

#include <zstd.h>

#include <utility>

namespace strata::internal {

void FreeZstd::operator()(ZSTD_CCtx_s* context) const noexcept { ZSTD_freeCCtx(context); }
void FreeZstd::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

// With room for all that may be idle, so that giving one back cannot fail.
ZstdCodec::ZstdCodec() {
  const MutexLock lock(mutex_);
  compressing_.reserve(kIdle);
  decompressing_.reserve(kIdle);
}

std::size_t ZstdCodec::compress(std::string_view raw, std::string& out, int level) {
  ZstdCompression context;
  {
    const MutexLock lock(mutex_);
    if (!compressing_.empty()) {
      context = std::move(compressing_.back());
      compressing_.pop_back();
    }
  }
  if (!context) context.reset(ZSTD_createCCtx());
  if (!context) return 0;
  const std::size_t size =
      ZSTD_compressCCtx(context.get(), out.data(), out.size(), raw.data(), raw.size(), level);
  if (ZSTD_sizeof_CCtx(context.get()) <= kIdleBytes) {
    const MutexLock lock(mutex_);
    if (compressing_.size() < kIdle) compressing_.push_back(std::move(context));
  }
  return ZSTD_isError(size) != 0 ? 0 : size;
}

Unpacked ZstdCodec::decompress(std::string_view bytes, std::string& out) {
  // Before anything is taken: two frames, or one that holds something else, are no payload.
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != out.size() ||
      ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) != bytes.size()) {
    return Unpacked::kCorrupt;
  }
  ZstdDecompression context;
  {
    const MutexLock lock(mutex_);
    if (!decompressing_.empty()) {
      context = std::move(decompressing_.back());
      decompressing_.pop_back();
    }
  }
  if (!context) context.reset(ZSTD_createDCtx());
  if (!context) return Unpacked::kNoMemory;
  const std::size_t size =
      ZSTD_decompressDCtx(context.get(), out.data(), out.size(), bytes.data(), bytes.size());
  if (ZSTD_sizeof_DCtx(context.get()) <= kIdleBytes) {
    const MutexLock lock(mutex_);
    if (decompressing_.size() < kIdle) decompressing_.push_back(std::move(context));
  }
  return size == out.size() ? Unpacked::kWhole : Unpacked::kCorrupt;
}

}  // namespace strata::internal
