// Bulkhead: lets so many callers in at a time; so many more wait, first come first served.
//
//   switch (bulkhead.enter(deadline, clock)) { case Entry::kInside: work(); bulkhead.leave(); ... }
//
// Who is inside already must not enter again: it could wait for itself. has_me() tells.
//
// Threads   Thread-safe: one lock. leave() in the thread that entered.
#pragma once

#include <cstddef>
#include <list>
#include <thread>
#include <vector>

#include "core/mutex.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::internal {

class Bulkhead {
 public:
  enum class Entry {
    kInside,
    kFull,      // as many as may wait do
    kLate,      // no place until the deadline
    kSentAway,  // by send_away()
  };

  // `most_inside` 0: no limit.
  Bulkhead(std::size_t most_inside, std::size_t most_waiting)
      : most_inside_(most_inside), most_waiting_(most_waiting) {}

  // Precondition: !has_me().
  [[nodiscard]] Entry enter(Deadline deadline, const Clock& clock);
  void leave();
  // Ends the wait of all who wait now.
  void send_away();

  // Whether this thread is inside.
  [[nodiscard]] bool has_me() const;
  [[nodiscard]] std::size_t inside() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Waiter {
    std::thread::id thread;
    CondVar turn;
    bool is_inside = false;
    bool is_sent_away = false;
  };

  const std::size_t most_inside_;
  const std::size_t most_waiting_;
  mutable Mutex mutex_;
  std::vector<std::thread::id> inside_ STRATA_GUARDED_BY(mutex_);  // one for each place
  std::list<Waiter*> waiters_ STRATA_GUARDED_BY(mutex_);           // the first is the next
};

}  // namespace strata::internal
