#include "workload/memory_peers/crew.h"

#include <sched.h>

#include <algorithm>

namespace strata::bench {
namespace {

void pin_to_processor(std::size_t number) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::vector<int> processors;
  for (int at = 0; at < CPU_SETSIZE; ++at) {
    if (CPU_ISSET(at, &allowed)) processors.push_back(at);
  }
  if (processors.size() < 2) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(processors[number % processors.size()], &wanted);
  sched_setaffinity(0, sizeof wanted, &wanted);
}

}  // namespace

Crew::Crew(std::size_t threads) : times_(std::max<std::size_t>(2, threads)) {
  for (std::size_t thread = 1; thread < times_.size(); ++thread) {
    workers_.emplace_back([this, thread, pinned = threads > 1] {
      if (pinned) pin_to_processor(thread);
      work(thread);
    });
  }
  // After the others were started: they would inherit it.
  if (threads > 1) pin_to_processor(0);
}

Crew::~Crew() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void Crew::work(std::size_t thread) {
  std::unique_lock lock(mutex_);
  for (std::size_t seen = 0;;) {
    changed_.wait(lock, [&] { return stopping_ || round_ != seen; });
    if (stopping_) return;
    seen = round_;
    if (thread >= threads_) continue;
    lock.unlock();
    run_one(thread);
    lock.lock();
    ++finished_;
    changed_.notify_all();
  }
}

// Waits, awake, for the others, so that all begin together.
void Crew::run_one(std::size_t thread) {
  ready_.fetch_add(1);
  while (ready_.load() < threads_) {
  }
  const double wall = now_ns(CLOCK_MONOTONIC);
  const double cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
  (*task_)(thread);
  times_[thread] = {now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu, now_ns(CLOCK_MONOTONIC) - wall};
}

RunTime Crew::run(std::size_t threads, const Task& task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    threads_ = threads;
    finished_ = 0;
    ready_ = 0;
    ++round_;
  }
  if (threads > 1) changed_.notify_all();
  run_one(0);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return finished_ + 1 == threads; });
  RunTime longest;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    longest.cpu_ns = std::max(longest.cpu_ns, times_[thread].cpu_ns);
    longest.wall_ns = std::max(longest.wall_ns, times_[thread].wall_ns);
  }
  return longest;
}

}  // namespace strata::bench
