// Executor: runs work in the background: refreshes, asynchronous loads and completions.
//
// Promise    Every accepted task runs exactly once, before close() returns. After close(),
//            post() refuses.
// Threads    Thread-safe. Tasks may run concurrently with each other and may post().
// Errors     A task may not throw.
// Callbacks  Tasks run with no lock held.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "strata/ports/thread.h"

namespace strata {

class Executor {
 public:
  virtual ~Executor() = default;
  // Returns whether the task was accepted; it is not when the queue is full or closed.
  [[nodiscard]] virtual bool post(std::function<void()> task) = 0;
  // Runs what was accepted, then stops. Not from within a task. Safe to repeat.
  virtual void close() = 0;
};

struct ThreadPoolOptions {
  std::size_t threads = 4;
  std::size_t queue_limit = 65'536;  // further posts are refused
};

[[nodiscard]] std::shared_ptr<Executor> thread_pool(ThreadPoolOptions options = {});

}  // namespace strata
