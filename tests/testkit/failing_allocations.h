// Allocations that fail: the n-th of some calls, once or from then on.
//
//   fail_each_allocation([&](FailingAllocations& failing) {
//     Thing thing;        // as it is before
//     failing.begin();
//     thing.work();       // one of its allocations fails
//     failing.end();
//     thing.check();
//   });
//
// The program replaces the global allocation functions: it links failing_allocations.cc, and no
// sanitizer. Threads   Only one may allocate meanwhile.
#pragma once

#include <functional>

namespace strata::testkit {

class FailingAllocations {
 public:
  FailingAllocations(long nth, bool for_ever) : nth_(nth), for_ever_(for_ever) {}
  ~FailingAllocations() { end(); }
  FailingAllocations(const FailingAllocations&) = delete;
  FailingAllocations& operator=(const FailingAllocations&) = delete;

  void begin();
  void end();
  // Whether an allocation has failed.
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  long nth_;
  bool for_ever_;
  bool failed_ = false;
};

// Runs the body with its first, second, third ... allocation failing, once and from then on, until
// none fails any more. Returns how many runs had one that failed.
long fail_each_allocation(const std::function<void(FailingAllocations&)>& body);

}  // namespace strata::testkit
