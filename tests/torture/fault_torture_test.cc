// Every call to the file system fails, in every case and in every way, until the budget is spent.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "fault/fault_scenarios.h"
#include "testkit/reliability.h"
#include "torture/budget.h"

namespace strata {
namespace {

using testkit::FaultCase;
using testkit::FaultKind;
using testkit::FaultLook;

struct Way {
  FaultKind kind;
  FaultLook look;
};
constexpr Way kWays[] = {{FaultKind::kOnce, FaultLook::kIoError},
                         {FaultKind::kFromThenOn, FaultLook::kIoError},
                         {FaultKind::kOnce, FaultLook::kFull},
                         {FaultKind::kFromThenOn, FaultLook::kFull},
                         {FaultKind::kOnce, FaultLook::kShortRead}};

// The n-th call of every case in every way, then the next: so whatever the budget, all are tried.
TEST(FaultTorture, EveryCallFailsInEveryWay) {
  const torture::Budget budget(1);
  std::vector<std::pair<const FaultCase*, Way>> left;
  for (const FaultCase& each : testkit::kFaultCases) {
    for (const Way& way : kWays) left.emplace_back(&each, way);
  }
  const std::size_t all = left.size();
  std::uint64_t faults = 0;
  std::uint64_t call = 0;
  std::vector<double> took_ms;
  while (!left.empty() && budget.lasts() && !HasFailure()) {
    ++call;
    std::erase_if(left, [&](const auto& one) {
      if (!budget.lasts() || HasFailure()) return false;
      const auto began = std::chrono::steady_clock::now();
      const bool has_failed =
          testkit::play_with_fault(*one.first, one.second.kind, one.second.look, call);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - began;
      took_ms.push_back(took.count());
      faults += has_failed ? 1 : 0;
      return !has_failed;
    });
  }
  testkit::Reliability report("R6", "calls to the file system fail, the n-th of every case");
  report.count("faults", faults).count("cases and ways", all).count("n reached", call);
  report.count("of them played for every n", all - left.size());
  report.violations("plays that ended badly", HasFailure() ? 1 : 0);
  report.percentiles("play_ms", took_ms);
}

}  // namespace
}  // namespace strata
