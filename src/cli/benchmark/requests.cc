// Chooses entries.
#include "cli/benchmark/requests.h"

#include <algorithm>

#include "core/assert.h"
#include "strata/core/limits.h"

namespace strata::benchmark {
namespace {

// A prime above every number of entries, so that no two ranks share an entry and popular entries
// are not neighbours.
constexpr std::uint64_t kSpread = 4'294'967'291;
static_assert(limits::kBenchmarkEntries < (std::uint64_t{1} << 31));

}  // namespace

RequestMaker::RequestMaker(std::uint64_t entries, Distribution distribution, std::uint64_t seed)
    : entries_(entries), distribution_(distribution), seed_(seed) {
  STRATA_ASSERT(entries > 0);
  STRATA_ASSERT(entries <= limits::kBenchmarkEntries);
  if (distribution.kind == Distribution::Kind::kZipf) {
    popularity_ = workload::Popularity::zipf(entries, distribution.exponent);
  }
}

std::uint32_t RequestMaker::choose(Random& random) const {
  if (!popularity_) return static_cast<std::uint32_t>(workload::below(random, entries_));
  return static_cast<std::uint32_t>(popularity_->pick(random) * kSpread % entries_);
}

std::vector<Request> RequestMaker::make(std::size_t thread, std::size_t threads, std::size_t count,
                                        unsigned write_percent) const {
  STRATA_ASSERT(thread < threads);
  STRATA_ASSERT(count > 0);
  const auto random = seeded_random(seed_ + thread);
  const bool scans = distribution_.kind == Distribution::Kind::kScan;
  const std::uint64_t first = entries_ * thread / threads;
  // A scan goes round as a whole, so that it can begin anew.
  if (scans && count > entries_) count -= count % entries_;
  std::vector<Request> requests(count);
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint32_t number =
        scans ? static_cast<std::uint32_t>((first + at) % entries_) : choose(*random);
    requests[at].number = number & 0x7fff'ffffu;
    requests[at].is_write = workload::below(*random, 100) < write_percent ? 1 : 0;
  }
  return requests;
}

std::size_t requests_for(std::optional<std::uint64_t> operations, std::size_t threads) {
  const std::size_t most = std::max(kRequestsMin, kRequestsInAll / threads);
  if (!operations) return most;
  return std::min(most, static_cast<std::size_t>((*operations + threads - 1) / threads));
}

}  // namespace strata::benchmark
