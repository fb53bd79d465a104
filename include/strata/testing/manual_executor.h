// ManualExecutor: an executor whose tasks run when the test says so, in the test's thread.
//
//   auto executor = std::make_shared<ManualExecutor>();
//   Cache cache = CacheBuilder().executor(executor).build().value();
//   executor->run_all();  // refreshes, asynchronous loads, upkeep
//
// Threads   post(), pending() and close() are thread-safe. run_one() and run_all() belong to the
//           test's thread; tasks may post.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "strata/ports/executor.h"

namespace strata {

class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(std::size_t queue_limit = 65'536);
  ~ManualExecutor() override;  // closes
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;

  [[nodiscard]] bool post(std::function<void()> task) override;
  // Runs what is left in the calling thread.
  void close() override;

  // Runs the oldest task. Returns whether there was one.
  bool run_one();
  // Runs tasks, those that they post included, until none is left. Returns how many.
  std::size_t run_all();
  [[nodiscard]] std::size_t pending() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
