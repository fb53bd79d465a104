// Crew: threads that run one task at the same time, and how long it took them.
//
// The caller is one of them. The others exist from the beginning, so that a run of one thread
// pays for atomic counters too. A crew of several pins each thread to a processor of its own, as
// far as there are any.
//
// Threads   Confined to the thread that made it.
#pragma once

#include <time.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace strata::bench {

[[nodiscard]] inline double now_ns(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return static_cast<double>(at.tv_sec) * 1e9 + static_cast<double>(at.tv_nsec);
}

struct RunTime {
  double cpu_ns = 0;   // of the thread that needed most
  double wall_ns = 0;  // of the thread that took longest
};

class Crew {
 public:
  using Task = std::function<void(std::size_t thread)>;

  explicit Crew(std::size_t threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Runs task(0) to task(threads - 1). Precondition: as many as the crew has, at most.
  RunTime run(std::size_t threads, const Task& task);

 private:
  void work(std::size_t thread);
  void run_one(std::size_t thread);

  std::mutex mutex_;
  std::condition_variable changed_;
  const Task* task_ = nullptr;
  std::size_t threads_ = 0;  // of this run
  std::size_t round_ = 0;
  std::size_t finished_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> ready_{0};
  std::vector<RunTime> times_;
  std::vector<std::thread> workers_;
};

}  // namespace strata::bench
