// SlabHeap: memory for what a cache holds a million of, and for what finds it, on large pages.
//
// A look-up in a cache of many megabytes misses the processor's table of pages as often as its
// caches. Here objects lie in chunks of one large page (2 MiB), which spans of one size class each
// divide; an object has no header of its own. Who frees says how large the object was.
//
//   chunk  [ head | span of 384-byte objects | span of 160-byte objects | free | ... ]
//
// Sizes up to kSlabObjectMax are rounded up to a multiple of 16 bytes up to 1 KiB, and to an eighth
// of the next power of two above; larger ones go to operator new, as everything does under a
// sanitizer, which then sees each object's end.
//
// Threads   Thread-safe; one lock for each size class.
// Memory    Spans that became free are given back to the system while more than an eighth is
//           free; so is a chunk without used spans, but for one.
// Errors    std::bad_alloc.
#pragma once

#include <cstddef>

namespace strata::internal {

inline constexpr std::size_t kSlabObjectMax = 16 << 10;

// Memory for `size` bytes, aligned as `alignment`, a power of two.
[[nodiscard]] void* slab_allocate(std::size_t size, std::size_t alignment);
// With the size and alignment that were asked for.
void slab_free(void* object, std::size_t size, std::size_t alignment) noexcept;
// Starts to fetch what slab_free() of an object will write beside it.
void slab_prefetch_free(const void* object);

// What such an allocation takes of memory.
[[nodiscard]] std::size_t slab_bytes(std::size_t size, std::size_t alignment);

// Of the whole process.
struct SlabUse {
  std::size_t objects = 0;
  std::size_t object_bytes = 0;  // as slab_bytes() counts them
  std::size_t chunks = 0;        // of 2 MiB
  std::size_t spans = 0;         // in use, of 64 KiB
};
[[nodiscard]] SlabUse slab_use();

// Around a fork(), so that the child finds the heap whole: by the thread that forks, on both sides.
void lock_slab_heap();
void unlock_slab_heap();

// Aborts if an internal invariant is broken. Nothing may be allocated or freed meanwhile.
void check_slab_invariants();

}  // namespace strata::internal
