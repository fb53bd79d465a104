// ContentDecoder: a body as it was before its Content-Encoding, piece by piece, within a limit.
//
// libcurl could decode, but it takes a compressed stream that stops in the middle for a whole
// one, when the framing around it is complete. Here a stream is whole only at its own end.
//
//   ContentDecoder decoder("gzip", max_body_bytes);
//   decoder.add(piece);  // ... until one fails
//   decoder.finish();    // the body
//
// Codings: gzip (x-gzip, also several members in a row), deflate (zlib, and raw as some servers
// send it) or none. An empty body is a whole one under any coding.
//
// Errors     kLoadFailed for several codings or one that was not asked for, and for a body that
//            is corrupt, ends in the middle, goes on after its end or is too large; kUnavailable
//            without memory. After an error the decoder is of no further use.
// Memory     The body, at most `max_bytes`, and a window of 32 KiB. What does not unpack to
//            anything is limited, too: at most twice `max_bytes` and kFramingBytes are taken.
// Threads    Confined to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata {

// The value of Accept-Encoding.
inline constexpr std::string_view kAcceptedEncodings = "gzip, deflate";

class ContentDecoder {
 public:
  // What a compressed body may have besides its content: headers, sums, empty members.
  static constexpr std::size_t kFramingBytes = 4096;

  // `codings` in lower case, joined by commas, without identity; "": none.
  ContentDecoder(std::string_view codings, std::size_t max_bytes);
  ~ContentDecoder();
  ContentDecoder(ContentDecoder&&) noexcept;
  ContentDecoder& operator=(ContentDecoder&&) noexcept;

  // Whether a body that will be so long as it is sent may fit; an error if it cannot.
  [[nodiscard]] Result<void> expect(std::uint64_t encoded_bytes) const;

  [[nodiscard]] Result<void> add(std::string_view encoded);

  // The whole body, moved out.
  [[nodiscard]] Result<std::string> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
