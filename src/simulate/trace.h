// Trace: the requests that a cache was sent, as a simulation replays them.
//
// Keys are numbered in the order of their first request, so that a simulation needs no table.
//
// Errors    read_trace(): kUnavailable if the file cannot be read, or is not whole as what it is
//           compressed by; kRejected, with its name and the line, if it is not a trace.
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
  std::vector<std::uint32_t> sizes;   // of each request, in bytes; empty: nobody has one
  std::vector<std::uint32_t> costs;   // of each request's load, in microseconds; likewise

  [[nodiscard]] std::size_t keys() const { return hashes.size(); }
};

// What stands between the fields of a line.
enum class Separator : std::uint8_t {
  kBlanks,  // and tabs: keys may have commas
  kComma,   // keys may have blanks, but not at their ends; quotes mean nothing
};

// A text file: a line for each request, with a key, perhaps a size in bytes, and perhaps how many
// microseconds loading it takes; every line has as many. Lines that are empty or begin with # say
// nothing. It may be compressed by gzip or Zstandard. A path of "-" is standard input.
[[nodiscard]] Result<Trace> read_trace(const std::string& path,
                                       Separator separator = Separator::kBlanks);

}  // namespace strata::simulate
