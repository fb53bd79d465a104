// Interrupt: notices Ctrl-C, so that a program can end orderly.
//
// While one exists, the first SIGINT or SIGTERM only sets a flag; the next one ends the process
// as usual. At most one at a time: signal handlers belong to the process.
#pragma once

#include <csignal>

namespace strata::workload {

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();  // restores what was there
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Whether there was one while the one that exists did.
  [[nodiscard]] static bool seen();

 private:
  struct sigaction former_interrupt_;
  struct sigaction former_terminate_;
};

}  // namespace strata::workload
