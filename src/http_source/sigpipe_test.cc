#include "http_source/sigpipe.h"

#include <gtest/gtest.h>

#include <csignal>

namespace strata {
namespace {

bool is_blocked() {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, SIGPIPE) == 1;
}

bool is_pending() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGPIPE) == 1;
}

// With the default disposition the signal would end the process.
TEST(SigpipeGuard, ABrokenPipeDoesNotEndTheProcess) {
  ASSERT_FALSE(is_blocked());
  {
    const SigpipeGuard guard;
    std::raise(SIGPIPE);
    EXPECT_TRUE(is_pending());
  }
  EXPECT_FALSE(is_pending());
  EXPECT_FALSE(is_blocked());
}

TEST(SigpipeGuard, WhatTheCallerHasBlockedStaysBlockedAndPending) {
  sigset_t sigpipe;
  sigset_t before;
  sigemptyset(&sigpipe);
  sigaddset(&sigpipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
  std::raise(SIGPIPE);
  {
    const SigpipeGuard guard;
    std::raise(SIGPIPE);
  }
  EXPECT_TRUE(is_blocked());
  EXPECT_TRUE(is_pending());
  int signal = 0;
  sigwait(&sigpipe, &signal);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace strata
