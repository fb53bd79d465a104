// Inflating by zlib: which of its formats a body has, and where a body really ends.
#include "http_source/content_decoder.h"

#include <zlib.h>

#include <array>
#include <limits>
#include <utility>

#include "core/assert.h"
#include "core/quote.h"

namespace strata {

namespace {

// The window sizes by which zlib is told what to expect around the compressed data.
constexpr int kRawWindow = -MAX_WBITS;
constexpr int kZlibWindow = MAX_WBITS;
constexpr int kGzipWindow = MAX_WBITS + 16;

constexpr char kGzipFirstByte = '\x1F';
constexpr std::size_t kZlibHeaderBytes = 2;
constexpr std::size_t kOutputBytes = 16 * 1024;

enum class Coding { kNone, kGzip, kDeflate, kForeign };

Coding coding_of(std::string_view codings) {
  if (codings.empty()) return Coding::kNone;
  if (codings == "gzip" || codings == "x-gzip") return Coding::kGzip;
  return codings == "deflate" ? Coding::kDeflate : Coding::kForeign;
}

// RFC 1950, section 2.2: the method, and a check of both bytes. A raw stream would have to begin
// with a stored block and set a bit that it has no use for.
bool has_zlib_header(std::string_view data) {
  const auto method = static_cast<unsigned char>(data[0]);
  const auto flags = static_cast<unsigned char>(data[1]);
  return (method & 15) == Z_DEFLATED && (method * 256 + flags) % 31 == 0;
}

}  // namespace

// Invariants:
// (1) body.size() <= max_bytes.
// (2) `begins` has what was added before its format was known; it is empty once zlib runs.
// (3) is_whole is true exactly between the end of a compressed stream and the first byte after
//     it. So a body ends in the middle if it has begun and is not whole.
struct ContentDecoder::State {
  State(std::string_view codings, std::size_t most)
      : coding(coding_of(codings)), name(codings), max_bytes(most) {}
  ~State() {
    if (is_running) inflateEnd(&stream);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  const Coding coding;
  const std::string name;
  const std::size_t max_bytes;
  std::uint64_t encoded_bytes = 0;
  std::string begins;
  std::string body;
  z_stream stream{};  // stays where it is: zlib keeps its address
  bool is_running = false;
  bool is_whole = false;

  [[nodiscard]] Result<void> check_length(std::uint64_t bytes) const;
  [[nodiscard]] Result<void> append(std::string_view decoded);
  [[nodiscard]] Result<void> start(std::string_view first);
  [[nodiscard]] Result<void> inflate_all(std::string_view piece);
  [[nodiscard]] Result<void> step();

  [[nodiscard]] static Error failed(std::string message) {
    return {ErrorCode::kLoadFailed, std::move(message), {}};
  }
  [[nodiscard]] static Error out_of_memory() {
    return {ErrorCode::kUnavailable, "out of memory", {}};
  }
  [[nodiscard]] Error too_large() const {
    return failed("the body exceeds max_body_bytes of " + std::to_string(max_bytes));
  }
};

Result<void> ContentDecoder::State::check_length(std::uint64_t bytes) const {
  if (coding == Coding::kNone) {
    if (bytes > max_bytes) return too_large();
    return {};
  }
  if (bytes > kFramingBytes && (bytes - kFramingBytes) / 2 > max_bytes) {
    return failed("the " + name + " body is longer than twice max_body_bytes of " +
                  std::to_string(max_bytes));
  }
  return {};
}

Result<void> ContentDecoder::State::append(std::string_view decoded) {
  if (decoded.size() > max_bytes - body.size()) return too_large();
  body += decoded;
  return {};
}

// Sets zlib up for the format that `first`, the first bytes of the body, is of.
Result<void> ContentDecoder::State::start(std::string_view first) {
  int window = kGzipWindow;
  if (coding == Coding::kDeflate) window = has_zlib_header(first) ? kZlibWindow : kRawWindow;
  const int code = inflateInit2(&stream, window);
  STRATA_ASSERT(code == Z_OK || code == Z_MEM_ERROR);
  if (code != Z_OK) return out_of_memory();
  is_running = true;
  return {};
}

Result<void> ContentDecoder::State::inflate_all(std::string_view piece) {
  STRATA_ASSERT(piece.size() <= std::numeric_limits<uInt>::max());
  // zlib only reads it; its interface is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<uInt>(piece.size());
  while (true) {
    if (is_whole && stream.avail_in == 0) return {};
    if (is_whole) {
      const bool is_next_member =
          coding == Coding::kGzip && static_cast<char>(*stream.next_in) == kGzipFirstByte;
      if (!is_next_member) return failed("the " + name + " body goes on after its end");
      const int code = inflateReset(&stream);
      STRATA_ASSERT(code == Z_OK);
      is_whole = false;
    }
    const Result<void> stepped = step();
    if (!stepped) return stepped;
    if (is_whole || stream.avail_out == 0) continue;
    STRATA_ASSERT(stream.avail_in == 0);
    return {};
  }
}

// Unpacks what fits into one buffer.
Result<void> ContentDecoder::State::step() {
  std::array<char, kOutputBytes> output;
  stream.next_out = reinterpret_cast<Bytef*>(output.data());
  stream.avail_out = static_cast<uInt>(output.size());
  const int code = inflate(&stream, Z_NO_FLUSH);
  switch (code) {
    case Z_STREAM_END:
      is_whole = true;
      break;
    case Z_OK:
    case Z_BUF_ERROR:  // nothing to do before there is more input
      break;
    case Z_MEM_ERROR:
      return out_of_memory();
    case Z_NEED_DICT:
      return failed("the " + name + " body needs a dictionary, which HTTP has not");
    default:
      return failed("the " + name + " body is corrupt: " +
                    (stream.msg != nullptr ? stream.msg : "it does not decode"));
  }
  return append({output.data(), output.size() - stream.avail_out});
}

ContentDecoder::ContentDecoder(std::string_view codings, std::size_t max_bytes)
    : state_(std::make_unique<State>(codings, max_bytes)) {}
ContentDecoder::~ContentDecoder() = default;
ContentDecoder::ContentDecoder(ContentDecoder&&) noexcept = default;
ContentDecoder& ContentDecoder::operator=(ContentDecoder&&) noexcept = default;

Result<void> ContentDecoder::expect(std::uint64_t encoded_bytes) const {
  if (state_->coding == Coding::kForeign) return {};  // add() says more
  return state_->check_length(encoded_bytes);
}

Result<void> ContentDecoder::add(std::string_view encoded) {
  State& state = *state_;
  if (encoded.empty()) return {};
  if (state.coding == Coding::kForeign) {
    return State::failed("the reply has content encoding " + internal::quoted(state.name) +
                         ", which was not asked for; " + std::string(kAcceptedEncodings) +
                         " or none was");
  }
  state.encoded_bytes += encoded.size();
  const Result<void> fits = state.check_length(state.encoded_bytes);
  if (!fits) return fits;
  if (state.coding == Coding::kNone) return state.append(encoded);
  if (state.is_running) return state.inflate_all(encoded);

  state.begins += encoded;
  if (state.begins.size() < kZlibHeaderBytes) return {};
  const Result<void> started = state.start(state.begins);
  if (!started) return started;
  return state.inflate_all(std::exchange(state.begins, {}));
}

Result<std::string> ContentDecoder::finish() {
  const bool has_begun = state_->is_running || !state_->begins.empty();
  if (has_begun && !state_->is_whole) {
    return State::failed("the " + state_->name + " body ended in the middle");
  }
  return std::move(state_->body);
}

}  // namespace strata
