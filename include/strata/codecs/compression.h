// Compressor: makes the payloads of records smaller, and whole again.
//
// A payload above a threshold is compressed by zstd, zlib or lz4. What would not become smaller by
// a 16th stays as it is, since reading it is free then. Which method was used stands in the
// record; nothing is ever guessed from the bytes.
//
// Promise   decompress() gives exactly the recorded size or an error: no payload makes it allocate
//           more than that, and one whose size its method cannot reach allocates nothing.
// Threads   Thread-safe. A lock is held while a context is taken or given back, not during work.
// Errors    kCorrupt: the bytes are not what the record says. kUnavailable: no memory.
// Memory    Contexts are kept for the next call, up to 8 of each direction and 4 MiB each. While it
//           works, zstd takes up to 6 MiB at level 3, and up to 90 MiB at 19, for large values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "strata/core/record.h"
#include "strata/core/result.h"

namespace strata {

inline constexpr int kMethodsOwnLevel = -1;

struct CompressionOptions {
  CompressionId method = CompressionId::kZstd;  // kNone: values stay as they are
  // zstd 1 to 19, zlib 0 to 9, lz4 1 to 12; the method's own is 3, 6 and 1. zlib 0 compresses
  // nothing; lz4 from 3 on is slower and smaller.
  int level = kMethodsOwnLevel;
  std::size_t above_bytes = 10u << 10;  // a value of just as many stays as it is

  friend bool operator==(const CompressionOptions&, const CompressionOptions&) = default;
};

// Errors: kRejected for a level that the method does not have.
[[nodiscard]] Result<void> check_compression(const CompressionOptions& options);

// "none", "zlib", "zstd", "lz4".
[[nodiscard]] std::string_view to_string(CompressionId method);

class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // `raw` compressed, or nothing if it is to stay as it is: it is small, or would be hardly
  // smaller, or there is no memory for it. Precondition: check_compression(options).
  [[nodiscard]] std::optional<std::string> compress(std::string_view raw,
                                                    const CompressionOptions& options);

  // What was compressed to `bytes`, `raw_size` bytes long.
  [[nodiscard]] Result<std::string> decompress(CompressionId method, std::string_view bytes,
                                               std::size_t raw_size);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
