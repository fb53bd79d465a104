// SQLite's allocations that fail: the n-th of some, once or from then on.
//
//   FailingMemory::install();              // before SQLite is used in this process
//   FailingMemory failing(17, FaultKind::kOnce);
//   work();                                // one allocation of SQLite's fails
//   failing.allow();
//
// Threads   Thread-safe; one lives at a time.
#pragma once

#include "testkit/fault_loop.h"

namespace strata::testkit {

class FailingMemory {
 public:
  static void install();

  FailingMemory(long nth, FaultKind kind);
  ~FailingMemory() { allow(); }
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  void allow();
  // How many have failed.
  [[nodiscard]] long failed() const;
};

}  // namespace strata::testkit
