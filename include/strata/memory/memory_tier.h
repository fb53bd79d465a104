// The memory tier: a bounded hot tier in this process.
//
// A hash table that can be read while it changes finds entries; all changes go through one lock,
// which also guards the label table, so that comparing a ticket and becoming visible are one step.
// The labels that a whole group of entries shares (keyspace, source, ...) are invalidated in O(1)
// by a number that every hit compares; tags and inherited labels through an index from label to
// entries.
//
//   std::unique_ptr<HotTier> tier =
//       memory_tier({.max_bytes = 64 << 20}, system_clock(), system_random());
//
// Promise    That of HotTier. Both bounds hold after every call; an entry larger than the byte
//            bound is declined and evicts nothing.
// Threads    As HotTier's. Readers take no lock, unless the policy is lru, lirs or wtinylfu;
//            changes are made one after the other.
// Limits     At most 392 keys whose 64-bit hashes are equal; more are declined.
// Time       Entries past keep_until are not returned; they are removed when they are met, by fills
//            and puts, up to 16 with each, half a second after they ended, and by
//            remove_expired(). Reads compare with Clock::coarse_now().
// Memory     stats().bytes is what the entries take with their share of table and index. It
//            includes entries whose group was invalidated and that were not reclaimed yet;
//            stats().entries does not. On top come the label table (`remembered_labels`), what the
//            policy remembers of entries that have left (docs/eviction.md), and entries that have
//            left and that a reader may still see.
// Callbacks  An entry whose group was invalidated is reported to the listener when it is
//            reclaimed, and counted in stats().removals when it was invalidated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "strata/core/limits.h"
#include "strata/ports/clock.h"
#include "strata/ports/hot_tier.h"
#include "strata/ports/random.h"

namespace strata {

// Which entries stay when there is no room for all. docs/eviction.md tells what each is good for.
enum class EvictionPolicy : std::uint8_t {
  kLru,
  kLfu,       // with aging
  kS3Fifo,    // Yang et al., SOSP 2023
  kWTinyLfu,  // Einziger et al., ACM TOS 2017
  kLirs,      // Jiang and Zhang, SIGMETRICS 2002
  kHorizon,   // S3-FIFO, in which only what comes back within the horizon counts as used
  kAdaptive,  // the same, which changes its parameters as the workload does
};

struct MemoryOptions {
  // Behaviour.
  bool enabled = true;                     // false: numbers are kept, entries never
  std::uint64_t max_entries = 0;           // 0: as many as max_bytes allows
  std::uint64_t max_bytes = 256ULL << 20;  // 0: as if not enabled
  EvictionPolicy policy = EvictionPolicy::kAdaptive;
  std::size_t remembered_labels = limits::kRememberedLabels;  // at least 2; see label_table.h

  // Performance.
  std::size_t shards = 0;  // of the table: rounded up to a power of two, at most 1024; 0: one
};

// A tier that is switched off still counts invalidations and answers for them; it declines what
// it is offered. HotTier::resize() switches it on; resize(n, 0) switches it off. As in the
// options, 0 entries means that only the bytes are bounded.
[[nodiscard]] std::unique_ptr<HotTier> memory_tier(MemoryOptions options,
                                                   std::shared_ptr<Clock> clock,
                                                   std::shared_ptr<Random> random);

}  // namespace strata
