// MemoryUse: what this process takes, as the allocator and the system count it.
#pragma once

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace strata::bench {

struct MemoryUse {
  double allocated_bytes = 0;  // in use by the allocator's count, with what it rounds up
  double resident_bytes = 0;   // sees memory that was not had from the allocator, too

  [[nodiscard]] static MemoryUse now() {
    malloc_trim(0);
    const struct mallinfo2 info = mallinfo2();
    MemoryUse use{.allocated_bytes = static_cast<double>(info.uordblks + info.hblkhd)};
    unsigned long long size = 0;
    unsigned long long resident = 0;
    if (FILE* file = std::fopen("/proc/self/statm", "re"); file != nullptr) {
      if (std::fscanf(file, "%llu %llu", &size, &resident) == 2) {
        use.resident_bytes = static_cast<double>(resident) * static_cast<double>(getpagesize());
      }
      std::fclose(file);
    }
    return use;
  }
};

// Of one peer with so many entries, per entry.
struct MemoryRow {
  std::string peer;
  double allocated = 0;
  double metadata = 0;  // allocated, without the bytes of key and value
  double resident = 0;
  double own_count = 0;  // what it says itself; 0: nothing
};

}  // namespace strata::bench
