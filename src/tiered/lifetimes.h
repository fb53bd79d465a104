// From policies to entries and records, and back: how long a value lives, what it carries.
#pragma once

#include <optional>

#include "strata/core/record.h"
#include "tiered/state.h"

namespace strata::internal {

enum class Freshness {
  kFresh,
  kStale,  // past its ttl, within stale_for: served at once
  kKept,   // served only when there is nothing better
  kGone,
};

// As the call judges it: a value of another version than the call asks for is kept at best.
[[nodiscard]] Freshness freshness(const Entry& entry, Instant now, const KeyspaceState& keyspace,
                                  const CallOptions& call);

// The time at which an entry found in memory is judged: by the coarse clock, which costs a
// quarter, unless the end of its ttl is so near that the coarse clock might be too late to see it.
[[nodiscard]] inline Instant time_of_hit(const Clock& clock, const Entry& entry) {
  // Fifty times what a coarse clock is late by; one of a user's may follow the kernel's ticks.
  constexpr Duration kCoarseLagMax = std::chrono::milliseconds(25);
  const Instant coarse = clock.coarse_now();
  return between(coarse, entry.fresh_until()) > kCoarseLagMax ? coarse : clock.now();
}
// freshness() for who asks for no version: whether it is kFresh. Without a ttl no clock is asked.
[[nodiscard]] inline bool is_fresh(const Clock& clock, const Entry& entry) {
  const Instant fresh_until = entry.fresh_until();
  return fresh_until == kNever || time_of_hit(clock, entry) < fresh_until;
}

// The error for a duration below zero.
[[nodiscard]] Error negative_duration(const std::string& what);
// Whether one of a call's durations is below zero. A call that says nothing costs nothing.
[[nodiscard]] std::optional<Error> check_durations(const CallOptions& call);
// The same for what a loader said.
[[nodiscard]] std::optional<Error> check_durations(const Load::State& load);

// The ttl shortened by the key's own share of the jitter. Forever stays forever.
[[nodiscard]] Duration jittered(Duration ttl, double jitter, std::uint64_t key_hash);

// How long a value lives from now on.
struct Life {
  Duration fresh_for{0};  // 0: not to be stored
  Duration keep_for{0};   // from now on, fresh_for included
};
[[nodiscard]] Life life_of_value(const KeyspaceState& keyspace, const CallOptions& call,
                                 const Load::State* load, std::uint64_t key_hash);
[[nodiscard]] Life life_of_absence(const KeyspaceState& keyspace, const CallOptions& call,
                                   const Load::State* load, std::uint64_t key_hash);

// Everything about an entry but its value. `inherited` are the labels of what it was computed
// from. Errors: kRejected for labels over their limits.
struct Description {
  Labels labels;             // checked, unique, without those of the keyspace's own group
  bool memory_only = false;  // what it depends on did not fit into its labels
  std::string version;
  std::optional<WallTime> source_last_modified;
};
[[nodiscard]] Result<Description> describe(const KeyspaceState& keyspace, const Labels& labels,
                                           const Labels& inherited, std::string version,
                                           std::optional<WallTime> source_last_modified);

// Adds what the labels, the key and the group depend on, just before the value is offered to the
// tiers. Errors: kUnavailable, then the value may not be stored.
[[nodiscard]] Result<void> close_labels(KeyspaceState& keyspace, KeyRef key,
                                        Description& description);

// Completes an unpublished entry.
void dress(Entry& entry, const KeyspaceState& keyspace, KeyRef key, Description description,
           Life life, Duration load_cost);

// The record of a published or unpublished entry, encoded by its type and not packed yet.
[[nodiscard]] Result<Record> record_of(const Entry& entry, const KeyspaceState& keyspace);
// An unpublished entry with the life that the record has left. Errors: kCorrupt when it is of
// another key, codec or schema, or does not decode; kUnavailable when its key is missing.
// How long ago the record was written, also where its life has no end; zero where it seems to be
// from the future.
[[nodiscard]] Duration age_of(const Cache::State& cache, Lifetime lifetime);

// Why entry_of() has no entry of such a record, if it is for what the record is of.
[[nodiscard]] std::optional<MissReason> refusal_of(const Record& record, KeyRef key,
                                                   const KeyspaceState& keyspace);
[[nodiscard]] Result<EntryRef> entry_of(const Record& record, KeyRef key,
                                        const KeyspaceState& keyspace);

// An unpublished copy of the entry's value, with nothing else.
[[nodiscard]] Result<EntryRef> copy_value(const Entry& entry);

}  // namespace strata::internal
