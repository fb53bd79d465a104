// Fuzz target: any bytes as a record. What decodes is what encodes to the same bytes.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "core/hash.h"
#include "strata/core/record.h"

namespace {

void check(std::string_view bytes) {
  const strata::Result<strata::Record> record = strata::decode_record(bytes);
  if (!record) {
    STRATA_ASSERT(record.error().code == strata::ErrorCode::kCorrupt);
    STRATA_ASSERT(!record.error().message.empty());
    return;
  }
  const strata::Result<std::string> again = strata::encode_record(*record);
  STRATA_ASSERT(again.ok());
  STRATA_ASSERT(*again == bytes);
}

// The bytes with a header that begins right and ends in the right checksum, since no mutation
// finds those by itself.
std::string sealed(std::string_view bytes) {
  constexpr std::size_t kSizeAt = 8;
  constexpr std::size_t kChecksumBytes = 8;
  constexpr std::string_view kBegin("STRA\1\0", 6);

  std::string out(bytes);
  if (out.size() < kSizeAt + 4 + kChecksumBytes) return out;
  const auto size = static_cast<std::uint32_t>(out.size());
  std::memcpy(out.data(), kBegin.data(), kBegin.size());
  std::memcpy(out.data() + kSizeAt, &size, sizeof size);
  const std::size_t covered = out.size() - kChecksumBytes;
  const std::uint64_t sum = strata::internal::hash64(std::string_view(out).substr(0, covered));
  std::memcpy(out.data() + covered, &sum, sizeof sum);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  check(sealed(bytes));
  return 0;
}
