// Compressor: see the header. zstd_codec.h, zlib_codec.h and lz4_codec.h know the libraries.
#include "strata/codecs/compression.h"

#include <new>

#include "codecs/lz4_codec.h"
#include "codecs/zlib_codec.h"
#include "codecs/zstd_codec.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

// What compressing must save at least: a 16th of the value.
constexpr std::size_t kSavingShare = 16;

struct Levels {
  int least = 0;
  int most = 0;
  int own = 0;
};

Levels levels_of(CompressionId method) {
  switch (method) {
    case CompressionId::kZlib:
      return {0, 9, 6};
    case CompressionId::kZstd:
      return {1, 19, 3};
    case CompressionId::kLz4:
      return {1, 12, 1};
    case CompressionId::kNone:
      break;
  }
  return {};
}

Error corrupt(CompressionId method, std::string_view why) {
  return {ErrorCode::kCorrupt,
          "the payload is not whole as " + std::string(to_string(method)) + ": " + std::string(why),
          {}};
}

Error no_memory() {
  return {ErrorCode::kUnavailable, "there is no memory to decompress a value", {}};
}

// The most that so many compressed bytes can become. Deflate: 258 bytes for two bits. lz4: 255 for
// a byte of a length, and a few. zstd: a block of 128 KiB for its header of three bytes.
std::uint64_t size_reachable(CompressionId method, std::uint64_t bytes) {
  constexpr std::uint64_t kDeflateRatio = 1032;
  constexpr std::uint64_t kLz4Ratio = 255;
  constexpr std::uint64_t kZstdBlockBytes = 128u << 10;
  constexpr std::uint64_t kZstdBlockHeaderBytes = 3;
  switch (method) {
    case CompressionId::kZlib:
      return bytes * kDeflateRatio;
    case CompressionId::kLz4:
      return bytes * kLz4Ratio;
    case CompressionId::kZstd:
      return (bytes / kZstdBlockHeaderBytes + 1) * kZstdBlockBytes;
    case CompressionId::kNone:
      break;
  }
  return bytes;
}

}  // namespace

std::string_view to_string(CompressionId method) {
  switch (method) {
    case CompressionId::kZlib:
      return "zlib";
    case CompressionId::kZstd:
      return "zstd";
    case CompressionId::kLz4:
      return "lz4";
    case CompressionId::kNone:
      break;
  }
  return "none";
}

Result<void> check_compression(const CompressionOptions& options) {
  const Levels levels = levels_of(options.method);
  if (options.level == kMethodsOwnLevel || options.method == CompressionId::kNone) return {};
  if (options.level >= levels.least && options.level <= levels.most) return {};
  return Error{ErrorCode::kRejected,
               std::string(to_string(options.method)) + " has no compression level " +
                   std::to_string(options.level) + "; write " + std::to_string(levels.least) +
                   " to " + std::to_string(levels.most) + ", or " +
                   std::to_string(kMethodsOwnLevel) + " for its own, " + std::to_string(levels.own),
               {}};
}

struct Compressor::State {
  internal::ZstdCodec zstd;
};

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;

std::optional<std::string> Compressor::compress(std::string_view raw,
                                                const CompressionOptions& options) try {
  if (options.method == CompressionId::kNone || raw.size() <= options.above_bytes) return {};
  if (raw.size() > limits::kValueBytesMax) return {};
  const std::size_t most = raw.size() - (raw.size() + kSavingShare - 1) / kSavingShare;
  if (most == 0) return {};
  const int level =
      options.level == kMethodsOwnLevel ? levels_of(options.method).own : options.level;
  std::string out(most, '\0');
  std::size_t size = 0;
  switch (options.method) {
    case CompressionId::kZlib:
      size = internal::zlib_compress(raw, out, level);
      break;
    case CompressionId::kZstd:
      size = state_->zstd.compress(raw, out, level);
      break;
    case CompressionId::kLz4:
      size = internal::lz4_compress(raw, out, level);
      break;
    case CompressionId::kNone:
      break;
  }
  if (size == 0) return {};
  out.resize(size);
  // What the record keeps for long is not to keep room that it does not use.
  if (out.capacity() - out.size() > out.size() / kSavingShare) out.shrink_to_fit();
  return out;
} catch (const std::bad_alloc&) {
  return std::nullopt;  // what cannot be compressed is stored as it is
}

Result<std::string> Compressor::decompress(CompressionId method, std::string_view bytes,
                                           std::size_t raw_size) try {
  if (raw_size > limits::kValueBytesMax) {
    return corrupt(method, "a value of " + std::to_string(raw_size) + " bytes is over the limit");
  }
  if (method == CompressionId::kNone) {
    if (bytes.size() != raw_size) return corrupt(method, "its size is not the recorded one");
    return std::string(bytes);
  }
  if (raw_size > size_reachable(method, bytes.size())) {
    return corrupt(method, "so few bytes cannot be of a value of " + std::to_string(raw_size));
  }
  std::string out(raw_size, '\0');
  internal::Unpacked unpacked = internal::Unpacked::kCorrupt;
  switch (method) {
    case CompressionId::kZlib:
      unpacked = internal::zlib_decompress(bytes, out);
      break;
    case CompressionId::kZstd:
      unpacked = state_->zstd.decompress(bytes, out);
      break;
    case CompressionId::kLz4:
      unpacked = internal::lz4_decompress(bytes, out);
      break;
    case CompressionId::kNone:
      break;
  }
  if (unpacked == internal::Unpacked::kWhole) return out;
  if (unpacked == internal::Unpacked::kCorrupt) return corrupt(method, "it does not decompress");
  return no_memory();
} catch (const std::bad_alloc&) {
  return no_memory();
}

}  // namespace strata
