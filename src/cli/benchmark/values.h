// Values: what the benchmark stores: bytes that tell whether they are right.
//
//   offset  0        8        16        24
//           [ hash ] [ number ] [ version ] [ filler ... ]
//
// The hash is XXH3-64 of all that follows it, numbers are little-endian.
//
// Threads   Immutable once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "strata/ports/random.h"

namespace strata::benchmark {

class Values {
 public:
  // All values have `bytes`, kValueBytesMin at least, and fill up with what `random` gives.
  Values(std::size_t bytes, Random& random);

  // The value of entry `number`; another one for each version.
  [[nodiscard]] std::string make(std::uint64_t number, std::uint64_t version) const;

  // The hash, if `bytes` are a value of entry `number`, of any version.
  [[nodiscard]] std::optional<std::uint64_t> check(std::string_view bytes,
                                                   std::uint64_t number) const;

 private:
  std::string filler_;  // of a value's size
};

}  // namespace strata::benchmark
