// Study: every policy at every size over every trace, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulate/simulation.h"
#include "simulate/sizes.h"
#include "strata/core/result.h"

namespace strata::simulate {

// A policy of the memory tier, or Belady's.
struct StudiedPolicy {
  std::string name;
  std::optional<memory::PolicyKind> kind;  // nothing: Belady's
};

// "adaptive,lru,belady"; an unknown name is kRejected, with the names that there are.
[[nodiscard]] Result<std::vector<StudiedPolicy>> parse_policies(std::string_view text);

struct StudyOptions {
  std::vector<std::string> traces;  // files
  std::vector<StudiedPolicy> policies;
  std::vector<Size> sizes;
  bool size_is_bytes = false;        // then every trace has to have sizes
  std::uint32_t entry_overhead = 0;  // beside them, of each entry
  // Of bytes: every trace has to have sizes; of cost: costs.
  EvictionAim aim = EvictionAim::kRequests;
  Separator separator = Separator::kBlanks;
  std::size_t shards_max = 1;
  bool unbounded_history = false;
  std::size_t threads = 1;
};

struct StudyRow {
  std::string trace;  // the file's name without folder and suffixes
  std::string policy;
  std::uint64_t size = 0;
  SimulationResult result;
};

// Each trace is read once and then played for each policy and size, by so many threads; lru, in
// entries and one shard, for all sizes at once. The rows are in the order of the options, sizes
// rising, and do not depend on the threads. kUnavailable if memory does not suffice.
[[nodiscard]] Result<std::vector<StudyRow>> study(const StudyOptions& options);

// A trace of a study; kRejected if sizes or costs are needed and it has none.
[[nodiscard]] Result<Trace> read_studied_trace(const std::string& path,
                                               const StudyOptions& options);
// "oltp" of "traces/oltp.txt.gz".
[[nodiscard]] std::string name_of_trace(const std::string& path);

}  // namespace strata::simulate
