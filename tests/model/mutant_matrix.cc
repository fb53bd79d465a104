// Prints which schedules see which mutants, every one against every other. Exit code 1 if a
// mutant survives all schedules, or a schedule breaks the protocol as built.
#include <cstdio>

#include "model/schedule.h"

using strata::model::Schedule;
using strata::testing::Mutant;

int main() {
  const std::vector<Schedule> all = strata::model::schedules();
  int survivors = 0;
  int killed = 0;
  for (const Schedule& schedule : all) {
    if (!schedule.breaks()) continue;
    std::printf("BROKEN as built: %s\n", schedule.name.c_str());
    ++survivors;
  }
  for (int i = 1; i < static_cast<int>(Mutant::kCount); ++i) {
    const Mutant mutant{i};
    std::printf("%s\n", std::string(strata::testing::mutant_name(mutant)).c_str());
    int seen = 0;
    for (const Schedule& schedule : all) {
      strata::testing::set_mutant(mutant);
      const bool breaks = schedule.breaks();
      strata::testing::set_mutant(Mutant::kNone);
      if (!breaks) continue;
      ++seen;
      std::printf("    killed by: %s\n", schedule.name.c_str());
    }
    if (seen == 0) std::printf("    SURVIVES\n");
    ++(seen > 0 ? killed : survivors);
  }
  std::printf("%d of %d mutants killed\n", killed, static_cast<int>(Mutant::kCount) - 1);
  return survivors == 0 ? 0 : 1;
}
