// What the read, load and write paths use of each other.
#pragma once

#include "strata/core/record.h"
#include "tiered/lifetimes.h"
#include "tiered/state.h"

namespace strata::internal {

// Whether the keyspace can be used at all; the Found that says why not.
[[nodiscard]] std::optional<Found> refuse(const KeyspaceState& keyspace);
[[nodiscard]] Found failed(Error error);

// Tickets for a load that starts now. A plain read takes the positions as they are: it passes on
// what one tier has, and every tier below is clean before memory's number rises.
[[nodiscard]] Tickets take_tickets(const Cache::State& cache);

// The entry in memory, timed one time in 64.
[[nodiscard]] EntryRef read_hot(const KeyspaceState& keyspace, KeyRef key);

// What the lower tiers have.
struct Below {
  EntryRef entry;         // fresh, and promoted; nothing if there is none
  std::string_view tier;  // where it was
  EntryRef kept;          // the nearest one past its ttl, not promoted
  std::string_view kept_tier;
  std::size_t kept_depth = 0;
  std::optional<Error> failure;  // a tier failed, and the cache is not graceful
};
[[nodiscard]] Below read_below(KeyspaceState& keyspace, KeyRef key, const Tickets& tickets,
                               Deadline deadline);

// Offers an entry from tier `depth` to memory and the tiers above that one.
void promote(KeyspaceState& keyspace, const EntryRef& entry, const Record* record,
             std::size_t depth, const Tickets& tickets, Deadline deadline);

// Offers an entry to every tier that may hold it, as a fill or as a differing refresh.
void store_loaded(KeyspaceState& keyspace, const EntryRef& entry, const EntryRef& previous,
                  const Tickets& tickets, Deadline deadline);

// The calls of erased.h, for a key that is already canonical.
[[nodiscard]] Found get_at(KeyspaceState& keyspace, KeyRef key, const CallOptions& call,
                           Load* within);
PutResult put_at(KeyspaceState& keyspace, KeyRef key, const Box& box, const CallOptions& call);

// One invalidation of `labels` in every tier, deepest first. Labels are valid.
InvalidationResult invalidate_everywhere(Cache::State& cache, std::span<const Label> labels);

// Tells the load `within` what it read.
void capture(Load* within, const Found& found, KeyRef key);

void count(const KeyspaceState& keyspace, const Found& found);

}  // namespace strata::internal
