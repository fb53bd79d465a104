// Sizes: how large the caches of a simulation are, as numbers or as parts of what a trace asks for.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "simulate/trace.h"
#include "strata/core/result.h"

namespace strata::simulate {

struct Size {
  double percent = 0;        // of the trace's keys, or of their bytes; 0: `amount` says it
  std::uint64_t amount = 0;  // in entries, or in bytes
};

// "1%,5%,1000"; of bytes also "64MiB". Anything else is kRejected.
[[nodiscard]] Result<std::vector<Size>> parse_sizes(std::string_view text,
                                                    bool size_is_bytes = false);

// What 100 % are: the trace's keys, or the bytes of them all, each as large as it last was, with
// `overhead` for each.
[[nodiscard]] std::uint64_t whole_size(const Trace& trace, bool size_is_bytes,
                                       std::uint64_t overhead = 0);

// The sizes for a trace, rising, each once and at least one.
[[nodiscard]] std::vector<std::uint64_t> sizes_for(const std::vector<Size>& sizes,
                                                   std::uint64_t whole);

}  // namespace strata::simulate
