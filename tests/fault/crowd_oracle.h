// CrowdOracle: what processes that ask for the same cold keys have done, in memory that they share.
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

struct CrowdOracle {
  static constexpr std::size_t kProcesses = 50;
  static constexpr std::size_t kThreads = 20;  // of each
  static constexpr std::size_t kRounds = 64;

  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> failed_opens{0};
  std::atomic<std::uint64_t> round{0};     // whose key is asked for; 0: none
  std::atomic<std::uint64_t> finished{0};  // processes, of all rounds
  std::array<std::atomic<std::uint64_t>, kRounds> loads{};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<bool> hangs{false};  // the next load never ends
  std::atomic<int> hanging{0};     // the process in which it is
  std::atomic<bool> is_to_end{false};

  static CrowdOracle* map(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    STRATA_ASSERT(file >= 0);
    const bool is_new = ::lseek(file, 0, SEEK_END) == 0;
    STRATA_ASSERT(::ftruncate(file, sizeof(CrowdOracle)) == 0);
    void* const memory =
        ::mmap(nullptr, sizeof(CrowdOracle), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    STRATA_ASSERT(memory != MAP_FAILED);
    return is_new ? new (memory) CrowdOracle() : static_cast<CrowdOracle*>(memory);
  }
};

}  // namespace strata::testkit
