// What a cache does about what its lower tiers tell: records that left them, work behind their
// calls that fails, and invalidations of other processes.
#include "strata/ports/tells_trouble.h"
#include "tiered/paths.h"

namespace strata::internal {
namespace {

void note_removals(Tier& tier, std::size_t depth, const Cache::State& cache) {
  // A tier may tell while the cache is being made or is gone: it shares what it writes into.
  tier.set_removal_listener([causes = cache.shared_causes, clock = cache.clock,
                             depth](std::span<const RecordRemoval> removals) {
    static_cast<void>(clock);  // which the causes read
    causes->note_below(depth, removals);
  });
}

void note_trouble(Tier& tier, const std::weak_ptr<Cache::State>& cache) {
  auto* const teller = dynamic_cast<TellsTrouble*>(&tier);
  if (teller == nullptr) return;
  teller->set_trouble_listener([cache, name = std::string(tier.name())](const Error& error) {
    const std::shared_ptr<Cache::State> state = cache.lock();
    if (!state) return;
    // A log sink may do to the cache what the tier's own thread may not.
    const auto note = [&cache = *state, name, error] {
      cache.note_failure(name, "writing", error);
    };
    if (!state->post(note)) state->tier_errors.add(1);
  });
}

}  // namespace

void listen_to_tiers(const std::shared_ptr<Cache::State>& cache) {
  for (std::size_t depth = 0; depth < cache->tiers.size(); ++depth) {
    Tier& tier = *cache->tiers[depth];
    note_removals(tier, depth, *cache);
    follow_others(*cache, tier);
    note_trouble(tier, cache);
    auto* const leases = dynamic_cast<LeasesLoads*>(&tier);
    if (leases == nullptr || !leases->is_shared() || cache->leases != nullptr) continue;
    cache->leases = leases;
    cache->leases_depth = depth;
  }
}

}  // namespace strata::internal
