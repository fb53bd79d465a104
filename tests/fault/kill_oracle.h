// KillOracle: what a process that may be killed at any moment has meant to do and has done, in
// memory that it shares with the process that kills it.
//
// Each key belongs to one thread. Versions of a thread's keys come from one counter. Before a
// call the thread writes the version that it is about to make (`intended`), after the call the
// version below which nothing may be served any more (`floor`), or not as fresh (`fresh_floor`),
// and after a flush the version that is safe (`durable`). Whoever opens the cache next compares.
//
// Threads   Every field is atomic, and written by the key's thread alone.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <vector>

#include "core/assert.h"

namespace strata::testkit {

struct KillOracle {
  static constexpr std::size_t kThreads = 4;
  static constexpr std::size_t kKeysPerThread = 24;
  static constexpr std::size_t kKeys = kThreads * kKeysPerThread;

  struct Key {
    std::atomic<std::uint64_t> intended{0};     // no version above it was ever written
    std::atomic<std::uint64_t> floor{0};        // no version below it may be served
    std::atomic<std::uint64_t> fresh_floor{0};  // nor below it as fresh
    std::atomic<std::uint64_t> durable{0};      // must be served if nothing newer was intended
  };

  std::array<Key, kKeys> keys;
  std::array<std::atomic<std::uint64_t>, kThreads> versions;
  std::atomic<std::uint64_t> opened{0};    // how often the cache was opened and compared
  std::atomic<std::uint64_t> calls{0};     // that returned
  std::atomic<std::uint64_t> compared{0};  // values that were found and were right
  std::atomic<std::uint64_t> stale{0};     // were served and must not have been
  std::atomic<std::uint64_t> invented{0};  // were never written
  std::atomic<std::uint64_t> lost{0};      // were durable and are gone
  std::atomic<std::uint64_t> failed_opens{0};
  // How long each opening took, over and over from the start.
  static constexpr std::size_t kOpenings = 16'384;
  std::array<std::atomic<std::uint32_t>, kOpenings> opening_us;
  std::atomic<bool> is_to_end{false};  // close and exit, instead of waiting to be killed

  [[nodiscard]] std::vector<double> openings() const {
    const std::uint64_t count = std::min<std::uint64_t>(opened, kOpenings);
    std::vector<double> all;
    for (std::uint64_t i = 0; i < count; ++i) all.push_back(opening_us[i].load());
    return all;
  }

  // The oracle in the file at `path`, which is made if it is missing.
  static KillOracle* map(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    STRATA_ASSERT(file >= 0);
    const bool is_new = ::lseek(file, 0, SEEK_END) == 0;
    STRATA_ASSERT(::ftruncate(file, sizeof(KillOracle)) == 0);
    void* const memory =
        ::mmap(nullptr, sizeof(KillOracle), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    STRATA_ASSERT(memory != MAP_FAILED);
    return is_new ? new (memory) KillOracle : static_cast<KillOracle*>(memory);
  }
};

}  // namespace strata::testkit
