// read_compressed: the one file that knows the compression libraries.
#include "simulate/compressed_file.h"

#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace strata::simulate {
namespace {

constexpr std::size_t kChunkBytes = 128 * 1024;
// As the `zstd` program: larger windows have to be asked for.
constexpr int kZstdWindowLogMax = 27;
constexpr std::array<unsigned char, 4> kZstdMagic{0x28, 0xb5, 0x2f, 0xfd};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CloseGzip {
  void operator()(gzFile file) const { gzclose_r(file); }
};
struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

Error cannot_read(const std::string& path) {
  return {.code = ErrorCode::kUnavailable,
          .message = path + " cannot be read: " + std::strerror(errno)};
}

Error is_corrupt(const std::string& path, const std::string& why) {
  return {.code = ErrorCode::kCorrupt, .message = path + ": " + why};
}

// zlib passes through what does not begin as gzip.
Result<void> read_gzip(const std::string& path, const ByteSink& sink) {
  const std::unique_ptr<gzFile_s, CloseGzip> file(gzopen(path.c_str(), "rb"));
  if (file == nullptr) return cannot_read(path);
  std::vector<char> chunk(kChunkBytes);
  for (;;) {
    const int got = gzread(file.get(), chunk.data(), static_cast<unsigned>(chunk.size()));
    int problem = Z_OK;
    const char* why = gzerror(file.get(), &problem);
    if (problem == Z_ERRNO) return cannot_read(path);
    if (got < 0 || problem < 0) return is_corrupt(path, "not whole as gzip: " + std::string(why));
    if (got == 0) return {};
    Result<void> taken = sink({chunk.data(), static_cast<std::size_t>(got)});
    if (!taken) return taken;
  }
}

Result<void> read_zstd(const std::string& path, std::FILE* file, const ByteSink& sink) {
  const std::unique_ptr<ZSTD_DStream, FreeZstd> stream(ZSTD_createDStream());
  if (stream == nullptr) return Error{.code = ErrorCode::kUnavailable, .message = "no memory"};
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  std::vector<char> packed(kChunkBytes);
  std::vector<char> chunk(kChunkBytes);
  bool frame_is_whole = false;
  for (;;) {
    const std::size_t got = std::fread(packed.data(), 1, packed.size(), file);
    if (std::ferror(file) != 0) return cannot_read(path);
    if (got == 0) break;
    ZSTD_inBuffer in{packed.data(), got, 0};
    for (bool is_chunk_full = false; in.pos < in.size || is_chunk_full;) {
      ZSTD_outBuffer out{chunk.data(), chunk.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream.get(), &out, &in);
      if (ZSTD_isError(left) != 0) {
        return is_corrupt(path, "not whole as Zstandard: " + std::string(ZSTD_getErrorName(left)));
      }
      frame_is_whole = left == 0;
      is_chunk_full = out.pos == out.size && !frame_is_whole;
      Result<void> taken = sink({chunk.data(), out.pos});
      if (!taken) return taken;
    }
  }
  if (!frame_is_whole) return is_corrupt(path, "not whole as Zstandard: it ends too early");
  return {};
}

}  // namespace

Result<void> read_compressed(const std::string& path, const ByteSink& sink) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return cannot_read(path);
  std::array<unsigned char, kZstdMagic.size()> begins{};
  const std::size_t got = std::fread(begins.data(), 1, begins.size(), file.get());
  if (std::ferror(file.get()) != 0) return cannot_read(path);
  if (got != begins.size() || begins != kZstdMagic) return read_gzip(path, sink);
  std::rewind(file.get());
  return read_zstd(path, file.get(), sink);
}

}  // namespace strata::simulate
