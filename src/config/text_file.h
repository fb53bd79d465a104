// A small text file, read whole: a configuration, or the variables beside it.
//
// Errors    kRejected, naming the file and what is wrong. One that is not there is none.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "strata/core/result.h"

namespace strata::internal {

struct TextFile {
  std::string text;           // one byte longer than allowed, if the file is longer than that
  bool others_read = false;   // its permissions let its group, or everybody, read it
  bool others_write = false;  // ... or change it
};

// Links are followed. Nothing if there is no such file.
[[nodiscard]] Result<std::optional<TextFile>> read_text_file(const std::string& path,
                                                             std::size_t max_bytes);

}  // namespace strata::internal
