// Fuzz target: any bytes as what a journal of causes has left. What decodes is told without
// trouble and is written as it was read.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.h"
#include "core/byte_io.h"
#include "core/hash.h"
#include "labels/cause_window.h"
#include "strata/labels/cause_journal.h"

namespace {

constexpr std::size_t kChecksumBytes = 8;

void check(std::string_view bytes) {
  const strata::Result<strata::internal::CauseWindow> window =
      strata::internal::decode_window(bytes);
  if (!window) {
    STRATA_ASSERT(window.error().code == strata::ErrorCode::kCorrupt);
    return;
  }
  STRATA_ASSERT(strata::internal::encode_window(*window) == bytes);

  strata::CauseJournal journal({.removals = 64, .causes = 64});
  STRATA_ASSERT(journal.decode(bytes).ok());
  journal.check_invariants();
  for (const strata::Removal& removal : window->removals) {
    const auto last = journal.last(removal.key);
    if (last) STRATA_ASSERT(!journal.text(*last, {0}).empty());
  }
  const strata::CauseId next = journal.begin({strata::CauseKind::kCli, "x", {}, {}});
  STRATA_ASSERT(next == window->next);
  strata::CauseJournal again;
  STRATA_ASSERT(again.decode(journal.encode()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check(input);
  // The same with a right beginning and a right checksum, since no mutation finds those.
  std::string sealed = "STRACAUS";
  strata::internal::append_number(sealed, std::uint32_t{2});
  if (input.size() >= sealed.size() + kChecksumBytes) {
    sealed += input.substr(sealed.size(), input.size() - sealed.size() - kChecksumBytes);
    strata::internal::append_number(sealed, strata::internal::hash64(sealed));
    check(sealed);
  }
  return 0;
}
