#include "workload/racing_replay.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "strata/core/key.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"

namespace strata::bench {
namespace {

constexpr std::size_t kChunk = 16;  // requests that one thread takes at a time
constexpr std::uint64_t kEnoughBytes = 64ULL << 30;

// The keys of a trace as the tier has them: eight bytes each.
std::vector<KeyRef> keys_of(const simulate::Trace& trace) {
  std::vector<KeyRef> keys;
  keys.reserve(trace.keys());
  for (const std::uint64_t& hash : trace.hashes) {
    const std::string_view text(reinterpret_cast<const char*>(&hash), sizeof hash);
    keys.push_back({text, key_hash(text), {}});
  }
  return keys;
}

std::uint64_t request(HotTier& tier, const KeyRef& key) {
  if (tier.visit(
          key, [](void*, const Entry&) {}, nullptr)) {
    return 1;
  }
  tier.fill(Entry::make<std::uint64_t>(key, key.hash), tier.position());
  return 0;
}

}  // namespace

std::uint64_t play_racing(const simulate::Trace& trace, const RacingReplay& replay) {
  const std::vector<KeyRef> keys = keys_of(trace);
  const std::unique_ptr<HotTier> tier = memory_tier({.max_entries = replay.max_entries,
                                                     .max_bytes = kEnoughBytes,
                                                     .policy = replay.policy,
                                                     .shards = replay.shards},
                                                    system_clock(), system_random());
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> hits{0};
  const auto work = [&] {
    std::uint64_t own = 0;
    for (;;) {
      const std::size_t begin = next.fetch_add(kChunk, std::memory_order_relaxed);
      if (begin >= trace.requests.size()) break;
      const std::size_t end = std::min(begin + kChunk, trace.requests.size());
      for (std::size_t at = begin; at < end; ++at) own += request(*tier, keys[trace.requests[at]]);
    }
    hits.fetch_add(own, std::memory_order_relaxed);
  };
  std::vector<std::thread> others;
  for (std::size_t i = 1; i < replay.threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  return hits.load();
}

}  // namespace strata::bench
