// Trace: the requests that a cache was sent, as a simulation replays them.
//
// Keys are numbered in the order of their first request, so that a simulation needs no table.
//
// Errors    read_trace(): kUnavailable if the file cannot be read, kCorrupt with its name and the
//           line if it is not a trace, or not what its compression says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "strata/core/result.h"

namespace strata::simulate {

// The number of a key.
using KeyNumber = std::uint32_t;

struct Trace {
  std::string name;
  std::vector<KeyNumber> requests;
  std::vector<std::uint64_t> hashes;  // of each key
  std::vector<std::uint32_t> sizes;   // of each request; empty: nobody has one

  [[nodiscard]] std::size_t keys() const { return hashes.size(); }
};

// A text file: a line for each request, a key and perhaps a size in bytes, with blanks or a comma
// between them; either every line has a size or none. Lines that are empty or begin with # say
// nothing. It may be compressed by gzip or Zstandard.
[[nodiscard]] Result<Trace> read_trace(const std::string& path);

}  // namespace strata::simulate
