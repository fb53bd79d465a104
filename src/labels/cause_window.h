// CauseWindow: what a journal carries over a restart, and its bytes (docs/formats/causes.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"
#include "strata/labels/cause_journal.h"

namespace strata::internal {

struct CauseWindow {
  CauseId next{1};                // above all that were given out
  std::vector<Cause> causes;      // in the order of their ids, without numbers
  std::vector<Removal> removals;  // oldest first
};

[[nodiscard]] std::string encode_window(const CauseWindow& window);

// Errors: kCorrupt for what encode_window() cannot have written.
[[nodiscard]] Result<CauseWindow> decode_window(std::string_view bytes);

}  // namespace strata::internal
