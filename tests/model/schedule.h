// Schedules: the interleavings that break the protocol's wrong variants, played on the real
// code. Each says which mutants it must see; as built, none of them may break.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "core/mutant.h"

namespace strata::model {

struct Schedule {
  std::string name;                      // a sentence: what would be served
  std::vector<testing::Mutant> mutants;  // those that it must see
  std::function<bool()> breaks;          // plays it; whether a promise was broken
};

inline void PrintTo(const Schedule& schedule, std::ostream* out) { *out << schedule.name; }

[[nodiscard]] std::vector<Schedule> fill_schedules();
[[nodiscard]] std::vector<Schedule> invalidation_schedules();
[[nodiscard]] std::vector<Schedule> derived_schedules();
[[nodiscard]] std::vector<Schedule> put_schedules();
[[nodiscard]] std::vector<Schedule> sqlite_schedules();
[[nodiscard]] std::vector<Schedule> transaction_schedules();
[[nodiscard]] std::vector<Schedule> expire_schedules();
[[nodiscard]] std::vector<Schedule> sharing_schedules();

// All of them.
[[nodiscard]] std::vector<Schedule> schedules();

}  // namespace strata::model
