// The memory tier: a bounded hot tier in this process.
//
// Changes go through the lock of one of several shards, and comparing a ticket and becoming visible
// are one step there. The labels that a whole group of entries shares (keyspace, source, ...) are
// invalidated in O(1); tags and inherited labels through an index from label to entries.
//
//   std::unique_ptr<HotTier> tier =
//       memory_tier({.max_bytes = 64 << 20}, system_clock(), system_random());
//
// Promise    That of HotTier. Both bounds hold after every call, unless a bound was lowered by more
//            than 1,000 entries, or a newcomer needs the room of more than 512: one such at a time
//            enters beyond the bound of bytes. Then the calls that follow and remove_due() evict
//            the rest, up to 1,000 entries each. An entry larger than the bound of bytes, or than
//            its tenant's, is declined and evicts nothing.
// Threads    As HotTier's. Readers take no lock, unless the policy is lru, lirs or wtinylfu;
//            changes of entries in different shards do not wait for each other.
// Limits     At most 392 keys whose 64-bit hashes are equal; more are declined.
// Time       Entries past keep_until are not returned; they are removed when they are met, by fills
//            and puts, up to 16 with each, half a second after they ended, by remove_due(), which
//            a cache calls every half second, and by remove_expired(). Reads compare with
//            Clock::coarse_now().
// Memory     stats().bytes is what the entries take with their share of table and index, and with
//            those whose group was invalidated and that were not reclaimed yet; stats().entries is
//            without. On top come the label table (`remembered_labels`), what the policy remembers
//            of entries that have left (docs/eviction.md), and those that a reader may still see.
// Callbacks  An entry whose group was invalidated is reported to the listener when it is
//            reclaimed, and counted in stats().removals when it was invalidated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "strata/core/limits.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"
#include "strata/ports/hot_tier.h"
#include "strata/ports/random.h"
#include "strata/ports/tenants.h"

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

// What there is to be most of. It matters where entries differ in size or in load cost.
enum class EvictionAim : std::uint8_t {
  kRequests,  // requests that are answered from memory
  kBytes,     // bytes that are
  kCost,      // load time that is saved
};

struct MemoryOptions {
  // Behaviour.
  bool enabled = true;                     // false: numbers are kept, entries never
  std::uint64_t max_entries = 0;           // 0: as many as max_bytes allows
  std::uint64_t max_bytes = 256ULL << 20;  // 0: as if not enabled
  EvictionPolicy policy = EvictionPolicy::kAdaptive;
  EvictionAim aim = EvictionAim::kRequests;  // of kHorizon and kAdaptive
  // The share of the machine's or control group's memory that is to stay free: a cache made by
  // CacheBuilder lowers max_bytes while less is left (strata/tiered/memory_pressure.h). 0: never.
  double pressure = 0;
  // Quotas of tenants by name, at most limits::kNamedTenants; and the one of each other tenant, as
  // far as limits::kOtherTenants of them go. HotTier::set_quota() changes them.
  std::map<std::string, TenantQuota> tenants{};
  TenantQuota each_tenant{};
  std::size_t remembered_labels = limits::kRememberedLabels;  // at least 2; see label_table.h
  bool curve = false;  // whether HotTier::curve() answers; what it costs: docs/eviction.md

  // Performance.
  // Rounded up to a power of two, at most 1024. 0: one for each 16 MiB of max_bytes and 4,096 of
  // max_entries, at most 16.
  std::size_t shards = 0;
};

// kRejected if there are too many names of tenants, or one that is none.
[[nodiscard]] Result<void> check_tenants(const MemoryOptions& options);

// Precondition: check_tenants(options).
//
// A tier that is switched off still counts invalidations and answers for them; it declines what
// it is offered. HotTier::resize() switches it on; resize(n, 0) switches it off. As in the
// options, 0 entries means that only the bytes are bounded.
[[nodiscard]] std::unique_ptr<HotTier> memory_tier(MemoryOptions options,
                                                   std::shared_ptr<Clock> clock,
                                                   std::shared_ptr<Random> random);

}  // namespace strata
