// Mutex, CondVar and their lock, annotated for clang's thread-safety analysis.
//
// A thread that has a scheduler (core/scheduler.h) waits through it, in builds that have them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include "core/scheduler.h"

#if defined(__clang__)
#define STRATA_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define STRATA_THREAD_ANNOTATION(x)
#endif
#define STRATA_GUARDED_BY(mutex) STRATA_THREAD_ANNOTATION(guarded_by(mutex))
#define STRATA_REQUIRES(...) STRATA_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define STRATA_EXCLUDES(...) STRATA_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define STRATA_ACQUIRE(...) STRATA_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define STRATA_RELEASE(...) STRATA_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define STRATA_CAPABILITY(name) STRATA_THREAD_ANNOTATION(capability(name))
#define STRATA_SCOPED_CAPABILITY STRATA_THREAD_ANNOTATION(scoped_lockable)
#define STRATA_NO_ANALYSIS STRATA_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace strata {

namespace internal {

// Most locks are held for less time than it takes to sleep and be woken, so a thread tries for
// about a microsecond before it sleeps.
inline void lock_patiently(std::mutex& mutex) {
  constexpr int kTries = 32;
  for (int i = 0; i < kTries; ++i) {
    if (mutex.try_lock()) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  mutex.lock();
}

}  // namespace internal

class STRATA_CAPABILITY("mutex") Mutex {
 public:
  void lock() STRATA_ACQUIRE() {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) return internal::thread_scheduler->lock(mutex_);
#endif
    internal::lock_patiently(mutex_);
  }
  void unlock() STRATA_RELEASE() {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) return internal::thread_scheduler->unlock(mutex_);
#endif
    mutex_.unlock();
  }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class STRATA_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) STRATA_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() STRATA_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits release and retake the mutex. Always wait in a loop over the condition.
class CondVar {
 public:
  void wait(Mutex& mutex) STRATA_REQUIRES(mutex) STRATA_NO_ANALYSIS {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) {
      return internal::thread_scheduler->wait(this, mutex.mutex_);
    }
#endif
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // Returns false on time-out.
  template <typename Rep, typename Period>
  bool wait_for(Mutex& mutex, std::chrono::duration<Rep, Period> at_most)
      STRATA_REQUIRES(mutex) STRATA_NO_ANALYSIS {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) {
      return internal::thread_scheduler->wait_for(
          this, mutex.mutex_, std::chrono::duration_cast<std::chrono::nanoseconds>(at_most));
    }
#endif
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition_.wait_for(lock, at_most) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void notify_one() {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) internal::thread_scheduler->notify_one(this);
#endif
    condition_.notify_one();
  }
  void notify_all() {
#if defined(STRATA_YIELD_POINTS)
    if (internal::thread_scheduler != nullptr) internal::thread_scheduler->notify_all(this);
#endif
    condition_.notify_all();
  }

 private:
  std::condition_variable condition_;
};

}  // namespace strata
