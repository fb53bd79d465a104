// Scheduler: decides which thread of a test's schedule goes on, in builds with yield points.
//
// A thread that has one calls it at each yield point and, in place of the operating system's
// waiting, at each lock and condition of core/mutex.h. So a test can run threads one at a time,
// in an order of its choice. Threads without one, which is all of them outside such a test, are
// not concerned; in builds without STRATA_YIELD_POINTS nothing of this exists.
//
// Threads   A thread calls its own scheduler only.
#pragma once

#if defined(STRATA_YIELD_POINTS)
#include <chrono>
#include <mutex>

namespace strata::internal {

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  virtual void at_point(const char* point) = 0;

  // Returns when the calling thread has the mutex.
  virtual void lock(std::mutex& mutex) = 0;
  virtual void unlock(std::mutex& mutex) = 0;

  // Lets go of the mutex, and returns with it again after a notification.
  virtual void wait(const void* condition, std::mutex& mutex) = 0;
  // As wait(); false if so much time has passed before.
  virtual bool wait_for(const void* condition, std::mutex& mutex,
                        std::chrono::nanoseconds at_most) = 0;
  virtual void notify_one(const void* condition) = 0;
  virtual void notify_all(const void* condition) = 0;
};

// The calling thread's; null for nearly every thread.
extern thread_local constinit Scheduler* thread_scheduler;

}  // namespace strata::internal
#endif
