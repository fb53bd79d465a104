// Requests: which entries a thread asks for, one after the other, laid out before the clock runs.
//
// Thread-compatible, immutable once made. Four bytes per request; when they are used up they begin
// anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cli/benchmark/options.h"
#include "cli/workload/popularity.h"

namespace strata::benchmark {

struct Request {
  std::uint32_t number : 31;
  std::uint32_t is_write : 1;
};

// Requests that are laid out, over all threads; each thread has kRequestsMin at least, if it makes
// so many.
inline constexpr std::size_t kRequestsInAll = std::size_t{1} << 24;
inline constexpr std::size_t kRequestsMin = std::size_t{1} << 16;

class RequestMaker {
 public:
  // Precondition: 0 < entries <= limits::kBenchmarkEntries.
  RequestMaker(std::uint64_t entries, Distribution distribution, std::uint64_t seed);

  // Those of one of `threads`, the same whatever is measured. A scan goes on from entry to entry,
  // each thread from a place of its own. Preconditions: thread < threads; count > 0.
  [[nodiscard]] std::vector<Request> make(std::size_t thread, std::size_t threads,
                                          std::size_t count, unsigned write_percent) const;

 private:
  [[nodiscard]] std::uint32_t choose(Random& random) const;

  const std::uint64_t entries_;
  const Distribution distribution_;
  const std::uint64_t seed_;
  std::optional<workload::Popularity> popularity_;
};

// How many requests a thread lays out that makes `operations`, or any number.
[[nodiscard]] std::size_t requests_for(std::optional<std::uint64_t> operations,
                                       std::size_t threads);

}  // namespace strata::benchmark
