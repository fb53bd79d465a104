// Churn: random operations whose keys and tags are new all the time, over a small memory and a
// small file, after which nothing may be left in proportion to what has been.
//
// Threads   run() and the rest belong to the test's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "memory/tier.h"
#include "strata/tiered/cache.h"

namespace strata::stress {

struct ChurnOptions {
  std::uint64_t operations = 1'000'000;
  std::size_t threads = 4;
  std::uint64_t max_entries = 1'000;        // in memory
  std::uint64_t sqlite_bytes = 4ULL << 20;  // of the file
  std::uint64_t seed = 1;
};

// How much there is of everything, when nothing is running.
struct ChurnSizes {
  memory::StructureSizes memory;
  std::size_t flights = 0;
  std::size_t running_invalidations = 0;
  std::uint64_t tombstones = 0;
  std::uint64_t pending_writes = 0;
  std::uint64_t rows = 0;  // of entries in the file
  std::uint64_t label_rows = 0;
  std::uint64_t labels_without_entry = 0;
  std::uint64_t group_rows = 0;
};

class Churn {
 public:
  explicit Churn(const ChurnOptions& options);
  ~Churn();
  Churn(const Churn&) = delete;
  Churn& operator=(const Churn&) = delete;

  // Returns the sizes after the last operation.
  ChurnSizes run();
  // And those after everything was invalidated.
  ChurnSizes clear();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata::stress
