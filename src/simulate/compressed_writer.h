// CompressedWriter: bytes as gzip, as Zstandard or as they are, piece by piece.
//
// Threads   Thread-compatible.
// Errors    Those of the sink; kUnavailable without memory.
// Memory    Some MiB, however much is written.
#pragma once

#include <memory>
#include <string_view>

#include "simulate/compressed_file.h"
#include "strata/core/result.h"

namespace strata::simulate {

enum class Compression { kNone, kGzip, kZstd };
// By how the name of a file ends: .gz, .zst.
[[nodiscard]] Compression compression_of(std::string_view name);

class CompressedWriter {
 public:
  CompressedWriter(Compression compression, ByteSink sink);
  ~CompressedWriter();
  CompressedWriter(const CompressedWriter&) = delete;
  CompressedWriter& operator=(const CompressedWriter&) = delete;

  [[nodiscard]] Result<void> write(std::string_view bytes);
  // What is left. Without it, what was written is not whole.
  [[nodiscard]] Result<void> finish();

 private:
  struct State;
  [[nodiscard]] Result<void> deflate_some(std::string_view bytes, bool is_last);
  [[nodiscard]] Result<void> zstd_some(std::string_view bytes, bool is_last);
  std::unique_ptr<State> state_;
};

}  // namespace strata::simulate
