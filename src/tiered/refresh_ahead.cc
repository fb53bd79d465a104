// Refresh ahead: a hit late in its ttl starts a load behind, so that the value is new before it
// has to be.
//
// (1) One at a time: the hit that starts it stamps the entry's renew_at, which nobody else reads,
//     and the load joins the key's flights like any other.
// (2) The stamp does not outlast the ttl, so what happens after it is as without this option.
// (3) It is a load: it takes its tickets before it reads anything, and what it brings is refused
//     where it was made wrong meanwhile. A failure changes nothing.
#include <algorithm>
#include <utility>

#include "core/yield_point.h"
#include "tiered/load_path.h"

namespace strata::internal {

namespace {

// The key's own share of [0, 1); by other bits than the jitter of its ttl.
double share_of(std::uint64_t key_hash) {
  return static_cast<double>((key_hash * 0xD6E8'FEB8'6659'FD93) >> 11) * 0x1.0p-53;
}

// Whether the value is old enough to be loaded anew. Keys that were loaded together are due one
// after the other, within a quarter of the time that is left then.
bool is_due(const KeyspaceState& keyspace, const Entry& entry, Instant now) {
  if (entry.negative() || entry.fresh_until() == kNever) return false;
  const Duration ttl = between(entry.written_at(), entry.fresh_until());
  const Duration age = between(entry.written_at(), now);
  const double ahead = keyspace.options.refresh_ahead;
  const double due = ahead + (1 - ahead) * share_of(entry.hash()) / 4;
  return static_cast<double>(age.count()) >= static_cast<double>(ttl.count()) * due;
}

// No load ahead of the ttl's end before this. Below zero it is nobody else's.
Instant renew_at(const Entry& entry) {
  return {std::max(-entry.retry_at().since_boot, Duration(0))};
}
void set_renew_at(const EntryRef& entry, Instant at) { entry->set_retry_at({-at.since_boot}); }

struct Ahead {
  OwnedRequest owned;
  EntryRef entry;
};

void run_ahead(KeyspaceState& keyspace, const Ahead& ahead) {
  // Somebody may have replaced or removed it while this waited for its turn.
  if (keyspace.cache.hot->peek(ahead.owned.key()).get() != ahead.entry.get()) return;
  const Request request{.keyspace = keyspace,
                        .key = ahead.owned.key(),
                        .loader = ahead.owned.loader,
                        .call = ahead.owned.call,
                        .refresh = true,
                        .ahead = true};
  const FlightTable::Start start = start_flight(request);
  if (!start.leads || !start.flight->claim()) return;
  keyspace.counters.refreshes_ahead.add(1);
  run_flight(request, start.flight, ahead.entry);
}

}  // namespace

void refresh_ahead(const Request& request, const EntryRef& entry, Instant now) try {
  KeyspaceState& keyspace = request.keyspace;
  if (now < renew_at(*entry) || !is_due(keyspace, *entry, now)) return;
  const Instant end = entry->fresh_until();
  set_renew_at(entry, std::min(saturating_add(now, keyspace.options.retry_after), end));
  auto ahead = std::make_shared<Ahead>(
      Ahead{{std::string(request.key.text), std::string(request.key.long_params),
             request.loader.copy(), request.call},
            entry});
  ahead->owned.call.deadline = {};  // the caller's
  const auto task = [ahead, &keyspace] { run_ahead(keyspace, *ahead); };
  if (keyspace.cache.post(task)) return;
  // The executor takes no more: not now, and not at each hit.
  set_renew_at(entry, saturating_add(now, between(now, end) / 8));
} catch (...) {
  // Without memory for it the hit is a hit all the same.
}

std::optional<FlightResult> fresher_below(const Request& request, const Entry& than,
                                          const Tickets& tickets) {
  KeyspaceState& keyspace = request.keyspace;
  Cache::State& cache = keyspace.cache;
  if (!keyspace.is_enabled(request.key)) return std::nullopt;
  for (std::size_t i = 0; i < cache.tiers.size(); ++i) {
    if (!keyspace.lower_allowed[i]) continue;
    Tier& tier = *cache.tiers[i];
    const Result<std::optional<Record>> record = tier.get(request.key, request.call.deadline);
    if (!record) cache.note_failure(tier.name(), "reading", record.error());
    if (!record || !record->has_value()) continue;
    const Result<EntryRef> entry = entry_of(**record, request.key, keyspace);
    if (!entry) continue;  // look-ups say why
    const Instant now = cache.clock->now();
    const bool is_fresh = freshness(**entry, now, keyspace, request.call) == Freshness::kFresh;
    if (!is_fresh || (*entry)->negative() || is_due(keyspace, **entry, now)) continue;
    if ((*entry)->written_at() <= than.written_at()) continue;
    // What depends on the former value ends if this one differs.
    store_loaded(keyspace, {*entry, EntryRef(), false, true}, tickets, request.call.deadline);
    return FlightResult{Outcome::kHit, *entry, tier.name(), nullptr};
  }
  return std::nullopt;
}

}  // namespace strata::internal
