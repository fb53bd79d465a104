// Chunks of spans of objects.
#include "core/slab_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <mutex>
#include <new>

#include "core/allocation.h"
#include "core/assert.h"
#include "core/mutex.h"
#include "core/prefetch.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRATA_HAS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define STRATA_HAS_SANITIZER true
#endif
#endif
#if !defined(STRATA_HAS_SANITIZER)
#define STRATA_HAS_SANITIZER false
#endif

// A program that defines it has everything allocated by operator new: to let that fail, say.
extern "C" {
extern const char strata_plain_heap __attribute__((weak));
}

namespace strata::internal {
namespace {

constexpr std::size_t kChunkBytes = 2 << 20;
constexpr std::size_t kSpanBytes = 64 << 10;
constexpr std::size_t kSpans = kChunkBytes / kSpanBytes;
constexpr std::size_t kHeadBytes = 4096;  // of the first span
constexpr std::size_t kFineMax = 1024;
constexpr std::size_t kFineStep = 16;
constexpr std::size_t kFineClasses = kFineMax / kFineStep;
constexpr std::size_t kClassesPerDoubling = 8;
constexpr std::size_t kClasses =
    kFineClasses + kClassesPerDoubling * (std::bit_width(kSlabObjectMax / kFineMax) - 1);
// Free spans are kept while there are no more than this and an eighth of all.
constexpr std::size_t kFreeSpansKept = 32;

// Not core/mutex.h's: nothing waits within one, so that it need not be a step of a test's schedule.
class STRATA_CAPABILITY("mutex") HeapMutex {
 public:
  void lock() STRATA_ACQUIRE() { lock_patiently(mutex_); }
  void unlock() STRATA_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class STRATA_SCOPED_CAPABILITY HeapLock {
 public:
  explicit HeapLock(HeapMutex& mutex) STRATA_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~HeapLock() STRATA_RELEASE() { mutex_.unlock(); }
  HeapLock(const HeapLock&) = delete;
  HeapLock& operator=(const HeapLock&) = delete;

 private:
  HeapMutex& mutex_;
};

// Invariants:
// (1) A span belongs to a class while it has objects that are used, or is the class's spare one;
//     otherwise it is free, in its chunk's count.
// (2) A class's list has its spans that have room. `fresh` is where memory begins that never was
//     an object's since the span was given to the class; freed objects are chained.
// (3) Chunks with free spans are in the list of chunks.
// A used span is guarded by its class's lock; free ones, and chunks, by the heap's. A thread that
// has a class's lock may take the heap's.

struct FreeObject {
  FreeObject* next;
};

struct Chunk;

struct Span {
  FreeObject* freed = nullptr;
  char* fresh = nullptr;
  char* end = nullptr;
  Span* next = nullptr;  // in its class's list
  Span* previous = nullptr;
  std::uint32_t used = 0;
  std::uint16_t is_listed = 0;
  std::uint16_t is_used = 0;      // by a class
  std::uint16_t is_resident = 0;  // whether a free one may have memory
};

struct Chunk {
  Chunk* next = nullptr;
  Chunk* previous = nullptr;
  std::size_t free_spans = kSpans;
  std::array<Span, kSpans> spans;
};
static_assert(sizeof(Chunk) <= kHeadBytes);

Chunk* chunk_of(const void* object) {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  return reinterpret_cast<Chunk*>(address & ~(kChunkBytes - 1));
}
std::size_t span_index(const void* object) {
  return (reinterpret_cast<std::uintptr_t>(object) & (kChunkBytes - 1)) / kSpanBytes;
}
char* begin_of(Chunk* chunk, std::size_t at) {
  return reinterpret_cast<char*>(chunk) + (at == 0 ? kHeadBytes : at * kSpanBytes);
}

std::size_t class_of(std::size_t size) {
  if (size <= kFineMax) return (std::max<std::size_t>(size, 1) - 1) / kFineStep;
  const unsigned doubling = std::bit_width(size - 1) - 1;  // 2^doubling < size <= 2^(doubling + 1)
  const std::size_t step = (std::size_t{1} << doubling) / kClassesPerDoubling;
  const std::size_t within = (size - 1 - (std::size_t{1} << doubling)) / step;
  return kFineClasses + (doubling - std::bit_width(kFineMax) + 1) * kClassesPerDoubling + within;
}

std::size_t object_bytes_of(std::size_t class_at) {
  if (class_at < kFineClasses) return (class_at + 1) * kFineStep;
  const std::size_t beyond = class_at - kFineClasses;
  const std::size_t base = kFineMax << (beyond / kClassesPerDoubling);
  return base + base / kClassesPerDoubling * (beyond % kClassesPerDoubling + 1);
}

class Heap {
 public:
  void lock_all() STRATA_NO_ANALYSIS {
    for (Class& its : classes_) its.mutex.lock();
    mutex_.lock();
  }
  void unlock_all() STRATA_NO_ANALYSIS {
    mutex_.unlock();
    for (Class& its : classes_) its.mutex.unlock();
  }

  void* allocate(std::size_t class_at) {
    Class& its = classes_[class_at];
    const HeapLock lock(its.mutex);
    if (its.first == nullptr) add_span(its, object_bytes_of(class_at));
    Span& span = *its.first;
    void* object = span.freed;
    if (object != nullptr) {
      span.freed = span.freed->next;
    } else {
      object = span.fresh;
      span.fresh += its.object_bytes;
    }
    ++span.used;
    ++its.objects;
    if (span.freed == nullptr && span.fresh + its.object_bytes > span.end) unlist(its, span);
    if (its.first != nullptr) prefetch(*its.first, its.object_bytes);
    return object;
  }

  void free(void* object, std::size_t class_at) {
    Chunk* const chunk = chunk_of(object);
    Span& span = chunk->spans[span_index(object)];
    Class& its = classes_[class_at];
    const HeapLock lock(its.mutex);
    STRATA_ASSERT(span.used > 0);
    span.freed = ::new (object) FreeObject{span.freed};
    --its.objects;
    if (!span.is_listed) list(its, span);
    if (--span.used > 0 || (its.first == &span && span.next == nullptr)) return;
    unlist(its, span);
    const HeapLock heap_lock(mutex_);
    give_back(*chunk, span);
  }

  [[nodiscard]] SlabUse use() {
    SlabUse use;
    for (std::size_t at = 0; at < kClasses; ++at) {
      const HeapLock lock(classes_[at].mutex);
      use.objects += classes_[at].objects;
      use.object_bytes += classes_[at].objects * object_bytes_of(at);
    }
    const HeapLock lock(mutex_);
    use.chunks = chunks_;
    use.spans = used_spans_;
    return use;
  }

  void check_invariants() {
    std::size_t used = 0;
    for (std::size_t at = 0; at < kClasses; ++at) {
      const HeapLock lock(classes_[at].mutex);
      const Span* previous = nullptr;
      for (const Span* span = classes_[at].first; span != nullptr; span = span->next) {
        STRATA_ASSERT(span->is_used && span->is_listed);
        STRATA_ASSERT(span->previous == previous);
        STRATA_ASSERT(span->freed != nullptr ||
                      span->fresh + classes_[at].object_bytes <= span->end);
        previous = span;
        ++used;
      }
    }
    const HeapLock lock(mutex_);
    STRATA_ASSERT(used <= used_spans_);
    std::size_t free_spans = 0;
    for (const Chunk* chunk = with_room_; chunk != nullptr; chunk = chunk->next) {
      STRATA_ASSERT(chunk->free_spans > 0);
      std::size_t its_free = 0;
      for (const Span& span : chunk->spans) its_free += span.is_used ? 0 : 1;
      STRATA_ASSERT(its_free == chunk->free_spans);
      free_spans += its_free;
    }
    STRATA_ASSERT(free_spans + used_spans_ == chunks_ * kSpans);
  }

 private:
  struct alignas(64) Class {
    HeapMutex mutex;
    Span* first STRATA_GUARDED_BY(mutex) = nullptr;
    std::size_t object_bytes STRATA_GUARDED_BY(mutex) = 0;
    std::size_t objects STRATA_GUARDED_BY(mutex) = 0;
  };

  // Starts to fetch the object that the next call will hand out, for who writes to it, and the span
  // of the one after that: what was freed long ago is in no cache any more, and mostly each is of
  // another span.
  static void prefetch(const Span& span, std::size_t bytes) {
    constexpr std::size_t kCacheLine = 64;
    constexpr std::size_t kMost = 8 * kCacheLine;
    const char* const object =
        span.freed == nullptr ? span.fresh : reinterpret_cast<const char*>(span.freed);
    for (std::size_t at = 0; at < std::min(bytes, kMost); at += kCacheLine) {
      prefetch_for_write(object + at);
    }
    prefetch_for_write(span.next);
  }
  static void list(Class& its, Span& span) STRATA_REQUIRES(its.mutex) {
    span.is_listed = 1;
    span.previous = nullptr;
    span.next = its.first;
    if (its.first != nullptr) its.first->previous = &span;
    its.first = &span;
  }
  static void unlist(Class& its, Span& span) STRATA_REQUIRES(its.mutex) {
    span.is_listed = 0;
    (span.previous == nullptr ? its.first : span.previous->next) = span.next;
    if (span.next != nullptr) span.next->previous = span.previous;
  }

  void add_span(Class& its, std::size_t object_bytes) STRATA_REQUIRES(its.mutex) {
    const HeapLock lock(mutex_);
    if (with_room_ == nullptr) add_chunk();
    Chunk& chunk = *with_room_;
    std::size_t at = 0;
    while (chunk.spans[at].is_used) ++at;
    Span& span = chunk.spans[at];
    span = {};
    // Objects whose size is a multiple of a power of two up to 4 KiB are aligned to it.
    span.fresh = begin_of(&chunk, at);
    span.end = reinterpret_cast<char*>(&chunk) + (at + 1) * kSpanBytes;
    span.is_used = 1;
    ++used_spans_;
    if (--chunk.free_spans == 0) unlink(chunk);
    its.object_bytes = object_bytes;
    list(its, span);
  }

  void give_back(Chunk& chunk, Span& span) STRATA_REQUIRES(mutex_) {
    span.is_used = 0;
    span.is_resident = 1;
    --used_spans_;
    if (chunk.free_spans++ == 0) link(chunk);
    const std::size_t free_spans = chunks_ * kSpans - used_spans_;
    if (chunk.free_spans == kSpans && free_spans >= 2 * kSpans) return remove_chunk(chunk);
    if (free_spans <= kFreeSpansKept + chunks_ * kSpans / 8) return;
    for (std::size_t at = 1; at < kSpans; ++at) {
      Span& one = chunk.spans[at];
      if (one.is_used || !one.is_resident) continue;
      one.is_resident = 0;
      ::madvise(begin_of(&chunk, at), kSpanBytes, MADV_DONTNEED);
    }
  }

  // A region of twice the size has an aligned chunk within it.
  void add_chunk() STRATA_REQUIRES(mutex_) {
    void* const region = ::mmap(nullptr, 2 * kChunkBytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED) throw std::bad_alloc();
    char* const begin = static_cast<char*>(region);
    char* const aligned = reinterpret_cast<char*>(chunk_of(begin + kChunkBytes - 1));
    if (aligned != begin) ::munmap(begin, static_cast<std::size_t>(aligned - begin));
    char* const end = begin + 2 * kChunkBytes;
    if (aligned + kChunkBytes != end) {
      ::munmap(aligned + kChunkBytes, static_cast<std::size_t>(end - aligned) - kChunkBytes);
    }
    // The first one may be all that there is, and hardly used.
    if (chunks_ > 0) ::madvise(aligned, kChunkBytes, MADV_HUGEPAGE);
    link(*::new (aligned) Chunk);
    ++chunks_;
  }
  void remove_chunk(Chunk& chunk) STRATA_REQUIRES(mutex_) {
    unlink(chunk);
    --chunks_;
    ::munmap(&chunk, kChunkBytes);
  }
  void link(Chunk& chunk) STRATA_REQUIRES(mutex_) {
    chunk.previous = nullptr;
    chunk.next = with_room_;
    if (with_room_ != nullptr) with_room_->previous = &chunk;
    with_room_ = &chunk;
  }
  void unlink(Chunk& chunk) STRATA_REQUIRES(mutex_) {
    (chunk.previous == nullptr ? with_room_ : chunk.previous->next) = chunk.next;
    if (chunk.next != nullptr) chunk.next->previous = chunk.previous;
  }

  std::array<Class, kClasses> classes_;
  HeapMutex mutex_;
  Chunk* with_room_ STRATA_GUARDED_BY(mutex_) = nullptr;
  std::size_t chunks_ STRATA_GUARDED_BY(mutex_) = 0;
  std::size_t used_spans_ STRATA_GUARDED_BY(mutex_) = 0;
};

// Never destroyed: objects may be freed after the statics are gone.
Heap& heap() {
  static Heap& heap = *new Heap;
  return heap;
}

// Objects of a class are aligned as its size is, so an alignment is had by rounding the size up.
constexpr std::size_t kAlignmentMax = 1024;
std::size_t aligned_size(std::size_t size, std::size_t alignment) {
  return alignment <= kFineStep ? size : (size + alignment - 1) / alignment * alignment;
}

bool is_plain(std::size_t size, std::size_t alignment) {
  return STRATA_HAS_SANITIZER || size > kSlabObjectMax || alignment > kAlignmentMax ||
         &strata_plain_heap != nullptr;
}

// The class of the least size that is enough and a multiple of the alignment; all are of kFineStep.
std::size_t class_for(std::size_t size, std::size_t alignment) {
  std::size_t class_at = class_of(size);
  if (alignment <= kFineStep) return class_at;
  while (object_bytes_of(class_at) % alignment != 0) ++class_at;
  return class_at;
}

}  // namespace

void* slab_allocate(std::size_t size, std::size_t alignment) {
  const std::size_t rounded = aligned_size(size, alignment);
  if (is_plain(rounded, alignment)) {
    return ::operator new (size, std::align_val_t{std::max(alignment, alignof(std::max_align_t))});
  }
  return heap().allocate(class_for(rounded, alignment));
}

void slab_free(void* object, std::size_t size, std::size_t alignment) noexcept {
  const std::size_t rounded = aligned_size(size, alignment);
  if (is_plain(rounded, alignment)) {
    return ::operator delete (object,
                              std::align_val_t{std::max(alignment, alignof(std::max_align_t))});
  }
  heap().free(object, class_for(rounded, alignment));
}

void slab_prefetch_free(const void* object) {
  prefetch_for_write(&chunk_of(object)->spans[span_index(object)]);
}

std::size_t slab_bytes(std::size_t size, std::size_t alignment) {
  const std::size_t rounded = aligned_size(size, alignment);
  if (is_plain(rounded, alignment)) return allocation_bytes(size);
  return object_bytes_of(class_for(rounded, alignment));
}

// Under a sanitizer nothing lies in the heap; and that for threads follows 64 locks at most.
void lock_slab_heap() {
  if (!STRATA_HAS_SANITIZER) heap().lock_all();
}
void unlock_slab_heap() {
  if (!STRATA_HAS_SANITIZER) heap().unlock_all();
}

SlabUse slab_use() { return heap().use(); }

void check_slab_invariants() { heap().check_invariants(); }

}  // namespace strata::internal
