// forked(): what a function says in a child of fork(), and whether the child came to its end.
//
//   EXPECT_EQ(forked([&] { return cache.close(), std::string("closed"); }), "closed");
//
// A child that hangs is killed after half a minute: the answer is then "signal 14". What a
// sanitizer found, or another end than exit code 0, is said as well.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <functional>
#include <string>

#include "core/assert.h"

namespace strata::testkit {

enum class ChildEnd { kAtOnce, kWithStatics };  // _exit(), or exit()

inline std::string forked(const std::function<std::string()>& body,
                          ChildEnd end = ChildEnd::kAtOnce) {
  std::fflush(nullptr);
  int ends[2];
  STRATA_ASSERT(::pipe(ends) == 0);
  const pid_t child = ::fork();
  STRATA_ASSERT(child >= 0);
  if (child == 0) {
    ::alarm(30);
    ::close(ends[0]);
    const std::string said = body();
    const bool written =
        ::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    if (end == ChildEnd::kWithStatics) std::exit(written ? 0 : 1);
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 4096> block;
  for (ssize_t size = 0; (size = ::read(ends[0], block.data(), block.size())) > 0;) {
    said.append(block.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  STRATA_ASSERT(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) said += " signal " + std::to_string(WTERMSIG(status));
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    said += " exit code " + std::to_string(WEXITSTATUS(status));
  }
  return said;
}

}  // namespace strata::testkit
