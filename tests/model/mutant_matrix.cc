// Prints which schedules see which mutants, every one against every other. Exit code 1 if a
// mutant survives all schedules, or a schedule breaks the protocol as built.
//
// Each play has a process of its own: a mutant may make a schedule that is not meant for it wait
// for something that never comes, or end the process.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "model/schedule.h"

using strata::model::Schedule;
using strata::testing::Mutant;

namespace {

constexpr unsigned kMaxSecondsPerPlay = 20;

// What became of a play: null if every promise held, otherwise how they were seen not to.
const char* play(const Schedule& schedule, Mutant mutant) {
  std::fflush(stdout);
  const pid_t player = ::fork();
  if (player < 0) {
    std::perror("fork");
    std::exit(2);
  }
  if (player == 0) {
    ::alarm(kMaxSecondsPerPlay);
    strata::testing::set_mutant(mutant);
    ::_exit(schedule.breaks() ? 1 : 0);
  }
  int status = 0;
  if (::waitpid(player, &status, 0) != player) {
    std::perror("waitpid");
    std::exit(2);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return nullptr;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 1) return "killed by";
  const bool is_timeout = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
  return is_timeout ? "never ends in" : "crashes in";
}

}  // namespace

int main() {
  const std::vector<Schedule> all = strata::model::schedules();
  int survivors = 0;
  int killed = 0;
  for (const Schedule& schedule : all) {
    if (play(schedule, Mutant::kNone) == nullptr) continue;
    std::printf("BROKEN as built: %s\n", schedule.name.c_str());
    ++survivors;
  }
  for (int i = 1; i < strata::testing::kProtocolMutants; ++i) {
    const Mutant mutant{i};
    std::printf("%s\n", std::string(strata::testing::mutant_name(mutant)).c_str());
    bool seen = false;
    for (const Schedule& schedule : all) {
      const char* outcome = play(schedule, mutant);
      if (outcome == nullptr) continue;
      std::printf("    %s: %s\n", outcome, schedule.name.c_str());
      // Only a promise seen broken counts: a play that does not end may hide anything.
      seen = seen || std::strcmp(outcome, "killed by") == 0;
    }
    if (!seen) std::printf("    SURVIVES\n");
    ++(seen ? killed : survivors);
  }
  std::printf("%d of %d mutants killed\n", killed, strata::testing::kProtocolMutants - 1);
  return survivors == 0 ? 0 : 1;
}
