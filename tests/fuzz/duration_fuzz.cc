// Fuzz target: any text as a duration and as a time. What parses is written back and read alike.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/assert.h"
#include "strata/core/duration.h"

namespace {

using strata::Duration;
using strata::Result;
using strata::WallTime;

void check_duration(std::string_view text) {
  const Result<Duration> duration = strata::parse_duration(text);
  if (!duration) {
    STRATA_ASSERT(duration.error().code == strata::ErrorCode::kRejected);
    return;
  }
  STRATA_ASSERT(*duration >= Duration::zero());
  const Result<Duration> again = strata::parse_duration(strata::format_duration(*duration));
  STRATA_ASSERT(again.ok());
  STRATA_ASSERT(*again == *duration);
  STRATA_ASSERT(!strata::describe_duration(*duration).empty());
}

void check_time(std::string_view text) {
  const Result<WallTime> time = strata::parse_wall_time(text);
  if (!time) {
    STRATA_ASSERT(time.error().code == strata::ErrorCode::kRejected);
    return;
  }
  // An offset may lead out of the years that have four digits; what is written is clamped.
  const std::string_view year = text.substr(0, 4);
  if (year == "0000" || year == "9999") return;
  const Result<WallTime> again = strata::parse_wall_time(strata::format_wall_time(*time));
  STRATA_ASSERT(again.ok());
  STRATA_ASSERT(*again == *time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_duration(text);
  check_time(text);
  return 0;
}
