// Fuzz target: up to 300 operations on a cache, a clock and an origin. Each answer must be one that
// a model allows, and the memory tier's invariants must hold after each operation.
//
// The first byte chooses the cache; then three bytes are an operation: what, on which key, how.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "fuzz/cache_machine.h"

namespace {

constexpr std::size_t kOperationsMax = 300;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  strata::fuzz::CacheMachine machine{strata::fuzz::Shape(data[0])};
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  const std::size_t operations = std::min(bytes.size() / 3, kOperationsMax);
  for (std::size_t i = 0; i < operations; ++i) {
    machine.apply(bytes[3 * i], bytes[3 * i + 1], bytes[3 * i + 2]);
  }
  return 0;
}
