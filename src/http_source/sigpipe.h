// SigpipeGuard: while it lives, a write to a closed connection cannot end the process.
//
// libcurl's TLS library writes without MSG_NOSIGNAL. The signal's disposition belongs to the
// program, so it is left alone: the signal is blocked in this thread, and one that arrives
// meanwhile is taken back before it is unblocked.
#pragma once

#include <csignal>

namespace strata {

class SigpipeGuard {
 public:
  SigpipeGuard();
  ~SigpipeGuard();
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t before_;
  bool was_pending_ = false;
};

}  // namespace strata
