// What an allocation really takes: the request, rounded up as the C library does.
#pragma once

#include <algorithm>
#include <cstddef>

namespace strata::internal {

// The bytes that glibc's malloc uses for a request of `requested` bytes, its header included:
// eight bytes more, rounded up to 16, at least 32. Requests above its mmap threshold (128 KiB
// at first) are rounded up to pages; that is not counted and is below 4 % of them.
// allocation_test.cc compares with malloc_usable_size().
[[nodiscard]] constexpr std::size_t allocation_bytes(std::size_t requested) {
  constexpr std::size_t kHeader = 8;
  constexpr std::size_t kStep = 16;
  constexpr std::size_t kLeast = 32;
  if (requested == 0) return 0;
  return std::max(kLeast, (requested + kHeader + kStep - 1) / kStep * kStep);
}

// The same for the heap part of a std::string with this capacity; none while it is short.
[[nodiscard]] constexpr std::size_t string_heap_bytes(std::size_t capacity) {
  constexpr std::size_t kInsideCapacity = 15;
  return capacity > kInsideCapacity ? allocation_bytes(capacity + 1) : 0;
}

}  // namespace strata::internal
