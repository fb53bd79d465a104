// ShareOracle: what several processes have done with one cache file, in memory that they share.
//
// A key's `truth` is the version that its origin has; who changes it counts it up first and
// invalidates, or puts, then. When that has returned, `least` says below which version nothing may
// be served any more, by any process. Shared keys are changed by all, own keys by one thread at a
// time, since two puts of one key have no order that the processes could know.
//
// Threads   Every field is atomic.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string>

#include "core/assert.h"

namespace strata::testkit {

struct ShareOracle {
  static constexpr std::size_t kProcesses = 4;
  static constexpr std::size_t kThreads = 2;  // of each
  static constexpr std::size_t kSharedKeys = 16;
  static constexpr std::size_t kOwnKeys = 4;  // of each thread
  static constexpr std::size_t kKeys = kSharedKeys + kProcesses * kThreads * kOwnKeys;

  struct Key {
    std::atomic<std::uint64_t> truth{0};
    std::atomic<std::uint64_t> least{0};

    void raise_least(std::uint64_t to) {
      std::uint64_t now = least.load();
      while (now < to && !least.compare_exchange_weak(now, to)) {
      }
    }
  };

  std::array<Key, kKeys> keys;
  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> failed_opens{0};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> errors{0};    // calls that the tier refused to carry out
  std::atomic<std::uint64_t> hits{0};      // that were right
  std::atomic<std::uint64_t> stored{0};    // fills
  std::atomic<std::uint64_t> refused{0};   // fills and puts, by the fill rule
  std::atomic<std::uint64_t> stale{0};     // were served and must not have been
  std::atomic<std::uint64_t> invented{0};  // were never written
  std::atomic<bool> is_to_end{false};

  static ShareOracle* map(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    STRATA_ASSERT(file >= 0);
    const bool is_new = ::lseek(file, 0, SEEK_END) == 0;
    STRATA_ASSERT(::ftruncate(file, sizeof(ShareOracle)) == 0);
    void* const memory =
        ::mmap(nullptr, sizeof(ShareOracle), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    STRATA_ASSERT(memory != MAP_FAILED);
    return is_new ? new (memory) ShareOracle() : static_cast<ShareOracle*>(memory);
  }
};

}  // namespace strata::testkit
