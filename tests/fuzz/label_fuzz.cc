// Fuzz target: any text as a label. What parses is valid, and is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "strata/core/label.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const strata::Result<strata::Label> label = strata::parse_label(text);
  if (label) {
    STRATA_ASSERT(label->validate().ok());
    STRATA_ASSERT(strata::format_label(*label) == text);
  } else {
    STRATA_ASSERT(label.error().code == strata::ErrorCode::kRejected);
  }
  // A tag of any text is valid exactly if its written form parses.
  const strata::Label tag = strata::tag(text);
  STRATA_ASSERT(tag.validate().ok() == strata::parse_label("tag:" + std::string(text)).ok());
  return 0;
}
