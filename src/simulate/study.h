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
  bool size_is_bytes = false;  // then every trace has to have sizes
  std::size_t shards_max = 1;
  bool unbounded_history = false;
};

struct StudyRow {
  std::string trace;  // the file's name without folder and suffixes
  std::string policy;
  std::uint64_t size = 0;
  SimulationResult result;
};

// Each trace is read once and then played once for each policy and size, in that order; the rows
// are in the order of the options, sizes rising.
[[nodiscard]] Result<std::vector<StudyRow>> study(const StudyOptions& options);

}  // namespace strata::simulate
