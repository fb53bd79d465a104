// Turns SIGINT and SIGTERM into a flag.
#include "cli/workload/interrupt.h"

#include <atomic>

namespace strata::workload {
namespace {

// A signal handler has nothing but globals.
std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void note_signal(int) { interrupted.store(true); }

}  // namespace

Interrupt::Interrupt() {
  interrupted.store(false);
  struct sigaction noting {};
  noting.sa_handler = &note_signal;
  sigemptyset(&noting.sa_mask);
  noting.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &noting, &former_interrupt_);
  sigaction(SIGTERM, &noting, &former_terminate_);
  // A process in the background was told to ignore Ctrl-C.
  if (former_interrupt_.sa_handler == SIG_IGN) sigaction(SIGINT, &former_interrupt_, nullptr);
}

Interrupt::~Interrupt() {
  sigaction(SIGINT, &former_interrupt_, nullptr);
  sigaction(SIGTERM, &former_terminate_, nullptr);
  interrupted.store(false);
}

bool Interrupt::seen() { return interrupted.load(std::memory_order_relaxed); }

}  // namespace strata::workload
