// A layer of SQLite's file interface whose calls fail when a FaultPlan says so.
//
//   const auto plan = plan_of(FaultKind::kOnce, 17);
//   const FailingFiles failing(*plan);       // while it lives, and until allow() is called
//   open_tier(fault_vfs(), options, ...);
//
// Threads   Thread-safe.
#pragma once

#include <string>

#include "testkit/fault_loop.h"

namespace strata::testkit {

// The layer's name. Registered at first use.
[[nodiscard]] std::string fault_vfs();

// What a failing call looks like.
enum class FaultLook {
  kIoError,    // an input or output error
  kFull,       // writes find the disk full, everything else works
  kShortRead,  // reads find nothing, and zeros
};

// One at a time.
class FailingFiles {
 public:
  explicit FailingFiles(FaultPlan& plan, FaultLook look = FaultLook::kIoError);
  ~FailingFiles() { allow(); }
  FailingFiles(const FailingFiles&) = delete;
  FailingFiles& operator=(const FailingFiles&) = delete;

  // From now on nothing fails.
  void allow();
};

}  // namespace strata::testkit
