// What happens at a fork(). The handlers run in the thread that forks: before it, and after it in
// the parent and in the child.
#include "ports/process.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/slab_heap.h"
#include "core/thread_slot.h"

namespace strata::internal {

// Constant when the program begins, so that they are there before every other static.
constinit std::atomic<std::uint32_t> forks{0};

namespace {

// A file's number and 1; 0: the place is free.
constinit std::array<std::atomic<int>, kFilesClosedInChildren> closed_in_children{};

struct Kept {
  Mutex mutex;
  std::vector<std::shared_ptr<const void>> all STRATA_GUARDED_BY(mutex);
};

// Never destroyed: something may be kept when the statics go.
Kept& kept_for_ever() {
  alignas(Kept) static std::array<std::byte, sizeof(Kept)> place;
  static Kept& kept = *::new (place.data()) Kept;
  return kept;
}

// What the child's thread itself may have to lock later is whole, and not locked by another.
void before_fork() STRATA_NO_ANALYSIS {
  kept_for_ever().mutex.lock();
  lock_thread_slots();
  lock_slab_heap();
}

void in_parent() STRATA_NO_ANALYSIS {
  unlock_slab_heap();
  unlock_thread_slots();
  kept_for_ever().mutex.unlock();
}

void in_child() {
  forks.fetch_add(1, std::memory_order_relaxed);
  for (std::atomic<int>& place : closed_in_children) {
    const int file = place.exchange(0, std::memory_order_relaxed) - 1;
    if (file >= 0) ::close(file);
  }
  forget_other_threads();
  in_parent();
}

void watch_forks() {
  [[maybe_unused]] static const int registered = ::pthread_atfork(before_fork, in_parent, in_child);
}

}  // namespace

void call_at_forks(void (*before)(), void (*in_the_parent)(), void (*in_the_child)()) {
  [[maybe_unused]] const int failed = ::pthread_atfork(before, in_the_parent, in_the_child);
}

Birthplace::Birthplace() {
  watch_forks();
  born_ = forks.load(std::memory_order_relaxed);
}

Error forked_error(const char* what) {
  return {ErrorCode::kClosed,
          std::string(what) +
              " belongs to the process that this one was forked from: open one of its own",
          {}};
}

void keep_for_ever(std::shared_ptr<const void> kept) {
  Kept& place = kept_for_ever();
  const MutexLock lock(place.mutex);
  place.all.push_back(std::move(kept));
}

ClosedInChildren::ClosedInChildren(int file) {
  watch_forks();
  for (std::atomic<int>& place : closed_in_children) {
    int free = 0;
    if (!place.compare_exchange_strong(free, file + 1)) continue;
    place_ = &place;
    return;
  }
}

ClosedInChildren::ClosedInChildren(ClosedInChildren&& other) noexcept
    : place_(std::exchange(other.place_, nullptr)) {}

ClosedInChildren& ClosedInChildren::operator=(ClosedInChildren&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

void ClosedInChildren::end() {
  if (place_ != nullptr) std::exchange(place_, nullptr)->store(0);
}

}  // namespace strata::internal
