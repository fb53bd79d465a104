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

// As zlib's: the window is what the header says, which is that of gzip.
constexpr int kGzipWindowBits = 15 + 16;
constexpr std::array<unsigned char, 2> kGzipMagic{0x1f, 0x8b};

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
struct FreeZstd {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};
struct FreeGzip {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

std::string name_of(const std::string& path) { return path == "-" ? "standard input" : path; }

Error is_not_whole(const std::string& path, const std::string& why) {
  return {.code = ErrorCode::kUnavailable, .message = name_of(path) + ": " + why};
}

// A file, chunk after chunk; it is read once and in order, as standard input has to be.
class Chunks {
 public:
  Chunks(const std::string& path, std::FILE* file)
      : path_(path), file_(file), bytes_(kChunkBytes) {}

  // The next chunk; empty at the end.
  Result<std::string_view> next() {
    const std::size_t got = std::fread(bytes_.data(), 1, bytes_.size(), file_);
    if (std::ferror(file_) == 0) return std::string_view(bytes_.data(), got);
    return cannot_read();
  }
  [[nodiscard]] Error cannot_read() const {
    return {.code = ErrorCode::kUnavailable,
            .message = name_of(path_) + " cannot be read: " + std::strerror(errno)};
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string& path_;
  std::FILE* file_;
  std::vector<char> bytes_;
};

template <std::size_t N>
bool begins_with(std::string_view bytes, const std::array<unsigned char, N>& magic) {
  return bytes.size() >= N && std::memcmp(bytes.data(), magic.data(), N) == 0;
}

// Passes all chunks, `chunk` first, to `take`, until that has an error.
template <typename Take>
Result<void> for_each_chunk(Chunks& chunks, std::string_view chunk, const Take& take) {
  while (!chunk.empty()) {
    if (Result<void> taken = take(chunk); !taken) return taken;
    const Result<std::string_view> next = chunks.next();
    if (!next) return next.error();
    chunk = *next;
  }
  return {};
}

// Several members may follow each other; what follows the last and is none says nothing.
Result<void> read_gzip(Chunks& chunks, std::string_view first, const ByteSink& sink) {
  const std::unique_ptr<z_stream, FreeGzip> stream(new z_stream{});
  if (inflateInit2(stream.get(), kGzipWindowBits) != Z_OK) {
    return Error{.code = ErrorCode::kUnavailable, .message = "no memory"};
  }
  std::vector<char> out(kChunkBytes);
  bool is_whole = false;
  bool is_over = false;
  const auto begin_output = [&] {
    stream->next_out = reinterpret_cast<Bytef*>(out.data());
    stream->avail_out = static_cast<uInt>(out.size());
  };
  begin_output();
  // What is not whole in the end is not passed on, as far as it fits into one piece.
  const auto take = [&](std::string_view chunk) -> Result<void> {
    // zlib does not write to what it reads.
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(chunk.data()));
    stream->avail_in = static_cast<uInt>(chunk.size());
    for (bool is_full = false; !is_over && (stream->avail_in > 0 || is_full);) {
      if (is_whole) {
        is_over = *stream->next_in != kGzipMagic[0];
        if (is_over) break;
        inflateReset(stream.get());
        is_whole = false;
      }
      const int state = inflate(stream.get(), Z_NO_FLUSH);
      if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) {
        const char* why = stream->msg == nullptr ? zError(state) : stream->msg;
        return is_not_whole(chunks.path(), "not whole as gzip: " + std::string(why));
      }
      is_whole = state == Z_STREAM_END;
      is_full = stream->avail_out == 0 && !is_whole;
      if (!is_full && !is_whole) continue;
      const std::size_t ready = out.size() - stream->avail_out;
      begin_output();
      if (Result<void> taken = sink({out.data(), ready}); !taken) return taken;
    }
    return {};
  };
  if (Result<void> taken = for_each_chunk(chunks, first, take); !taken) return taken;
  if (!is_whole) return is_not_whole(chunks.path(), "not whole as gzip: it ends too early");
  return {};
}

Result<void> read_zstd(Chunks& chunks, std::string_view first, const ByteSink& sink) {
  const std::unique_ptr<ZSTD_DStream, FreeZstd> stream(ZSTD_createDStream());
  if (stream == nullptr) return Error{.code = ErrorCode::kUnavailable, .message = "no memory"};
  ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  std::vector<char> out(kChunkBytes);
  bool frame_is_whole = false;
  const auto take = [&](std::string_view chunk) -> Result<void> {
    ZSTD_inBuffer in{chunk.data(), chunk.size(), 0};
    for (bool is_full = false; in.pos < in.size || is_full;) {
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream.get(), &to, &in);
      if (ZSTD_isError(left) != 0) {
        return is_not_whole(chunks.path(),
                            "not whole as Zstandard: " + std::string(ZSTD_getErrorName(left)));
      }
      frame_is_whole = left == 0;
      is_full = to.pos == to.size && !frame_is_whole;
      if (Result<void> taken = sink({out.data(), to.pos}); !taken) return taken;
    }
    return {};
  };
  if (Result<void> taken = for_each_chunk(chunks, first, take); !taken) return taken;
  if (!frame_is_whole) {
    return is_not_whole(chunks.path(), "not whole as Zstandard: it ends too early");
  }
  return {};
}

}  // namespace

Result<void> read_compressed(const std::string& path, const ByteSink& sink) {
  const std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin
                                                               : std::fopen(path.c_str(), "rb"));
  Chunks chunks(path, file.get());
  if (file == nullptr) return chunks.cannot_read();
  const Result<std::string_view> first = chunks.next();
  if (!first) return first.error();
  if (begins_with(*first, kZstdMagic)) return read_zstd(chunks, *first, sink);
  if (begins_with(*first, kGzipMagic)) return read_gzip(chunks, *first, sink);
  return for_each_chunk(chunks, *first, sink);
}

}  // namespace strata::simulate
