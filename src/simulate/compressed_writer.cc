#include "simulate/compressed_writer.h"

#include <zlib.h>
#include <zstd.h>

#include <string>
#include <utility>
#include <vector>

namespace strata::simulate {
namespace {

constexpr std::size_t kChunkBytes = 128 * 1024;
constexpr int kGzipWindowBits = 15 + 16;  // as zlib's: the largest window, with gzip's header
constexpr int kMemoryLevel = 8;           // zlib's default

Error failed(const std::string& why) {
  return {.code = ErrorCode::kUnavailable, .message = "compressing failed: " + why};
}

}  // namespace

struct CompressedWriter::State {
  Compression compression;
  ByteSink sink;
  std::vector<char> out;
  z_stream gzip{};
  bool has_gzip = false;
  ZSTD_CCtx* zstd = nullptr;

  ~State() {
    if (has_gzip) deflateEnd(&gzip);
    ZSTD_freeCCtx(zstd);
  }
};

Compression compression_of(std::string_view name) {
  if (name.ends_with(".gz")) return Compression::kGzip;
  return name.ends_with(".zst") ? Compression::kZstd : Compression::kNone;
}

CompressedWriter::CompressedWriter(Compression compression, ByteSink sink)
    : state_(new State{.compression = compression, .sink = std::move(sink)}) {
  if (compression == Compression::kNone) return;
  state_->out.resize(kChunkBytes);
  if (compression == Compression::kZstd) {
    state_->zstd = ZSTD_createCCtx();
    if (state_->zstd != nullptr) ZSTD_CCtx_setParameter(state_->zstd, ZSTD_c_checksumFlag, 1);
    return;
  }
  state_->has_gzip = deflateInit2(&state_->gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindowBits,
                                  kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
}

CompressedWriter::~CompressedWriter() = default;

Result<void> CompressedWriter::deflate_some(std::string_view bytes, bool is_last) {
  if (!state_->has_gzip) return failed("no memory");
  z_stream& stream = state_->gzip;
  // zlib does not write to what it reads.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(state_->out.data());
    stream.avail_out = static_cast<uInt>(state_->out.size());
    code = deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    if (code == Z_STREAM_ERROR) return failed(zError(code));
    const std::size_t ready = state_->out.size() - stream.avail_out;
    if (ready == 0) break;
    if (Result<void> taken = state_->sink({state_->out.data(), ready}); !taken) return taken;
  } while (stream.avail_out == 0 || (is_last && code != Z_STREAM_END));
  return {};
}

Result<void> CompressedWriter::zstd_some(std::string_view bytes, bool is_last) {
  if (state_->zstd == nullptr) return failed("no memory");
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (bool is_done = false; !is_done;) {
    ZSTD_outBuffer to{state_->out.data(), state_->out.size(), 0};
    const std::size_t left =
        ZSTD_compressStream2(state_->zstd, &to, &in, is_last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left) != 0) return failed(ZSTD_getErrorName(left));
    is_done = is_last ? left == 0 : in.pos == in.size;
    if (to.pos == 0) continue;
    if (Result<void> taken = state_->sink({state_->out.data(), to.pos}); !taken) return taken;
  }
  return {};
}

Result<void> CompressedWriter::write(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kChunkBytes))) {
    const std::string_view piece = bytes.substr(0, kChunkBytes);
    Result<void> written = state_->compression == Compression::kNone   ? state_->sink(piece)
                           : state_->compression == Compression::kGzip ? deflate_some(piece, false)
                                                                       : zstd_some(piece, false);
    if (!written) return written;
  }
  return {};
}

Result<void> CompressedWriter::finish() {
  if (state_->compression == Compression::kGzip) return deflate_some({}, true);
  if (state_->compression == Compression::kZstd) return zstd_some({}, true);
  return {};
}

}  // namespace strata::simulate
