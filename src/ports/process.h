// What must be known of the process: whether it was forked from the one where something was made.
//
// A child of fork() has a copy of all memory, but one thread: locks may be held by threads that it
// does not have, and files, sockets and locks on files are its parent's. So what was made before
// the fork is neither used nor destroyed there. Children that only exec(), like those of
// posix_spawn() and system(), never come to a place that asks.
//
// Threads   Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "strata/core/result.h"

namespace strata::internal {

// Of ClosedInChildren at once.
inline constexpr std::size_t kFilesClosedInChildren = 256;

// From now on these are called at each fork(), in the thread that forks: before it, then in the
// parent and in the child. Not at all where there is no memory to note it.
void call_at_forks(void (*before)(), void (*in_the_parent)(), void (*in_the_child)());

// How often this process and those before it were forked since somebody first asked.
extern std::atomic<std::uint32_t> forks;

// Held by what belongs to the process that makes it.
class Birthplace {
 public:
  Birthplace();
  // Whether this is that process. As cheap as reading two numbers.
  [[nodiscard]] bool is_here() const { return forks.load(std::memory_order_relaxed) == born_; }

 private:
  std::uint32_t born_;
};

// Of a call to something that belongs to the process before the fork. `what`: "the cache".
[[nodiscard]] Error forked_error(const char* what);

// Keeps what can neither be used nor destroyed, within reach of leak checkers.
void keep_for_ever(std::shared_ptr<const void> kept);

// While it lives, children close this file at once: a lock that comes with the open file (flock)
// then ends with its owner. Beyond kFilesClosedInChildren of them it does nothing.
class ClosedInChildren {
 public:
  ClosedInChildren() = default;
  explicit ClosedInChildren(int file);
  ~ClosedInChildren() { end(); }
  ClosedInChildren(ClosedInChildren&& other) noexcept;
  ClosedInChildren& operator=(ClosedInChildren&& other) noexcept;

  // Before the file is closed here.
  void end();

 private:
  std::atomic<int>* place_ = nullptr;
};

}  // namespace strata::internal
