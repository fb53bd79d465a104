// Residence: how the parts of the memory tier read and write the fields that entries lend them.
//
// `generation` is the shard's at the entry's acceptance and `cell` the one that the last
// invalidation of its group began, so an entry is current while its group was not invalidated
// since.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/prefetch.h"
#include "strata/core/entry.h"
#include "strata/core/ticket.h"
#include "strata/core/time.h"

namespace strata::memory {

// Whether none of the labels that the entry's group shares was invalidated since its acceptance.
[[nodiscard]] inline bool is_current(const Entry& entry) {
  const Entry::Residence& residence = entry.residence;
  return residence.cell->load(std::memory_order_acquire) <= residence.generation;
}

[[nodiscard]] inline bool is_expired(const Entry& entry, Instant now) {
  return entry.keep_until() <= now;
}

// Whether the entry was accepted before this generation of its shard.
[[nodiscard]] inline bool accepted_before(const Entry& entry, std::uint64_t generation) {
  return entry.residence.generation < generation;
}

// Ends the entry's ttl: what it was kept for beyond it begins at `now`, and a load may be tried
// again at once. Returns whether it was fresh until then.
inline bool end_ttl(Entry& entry, Instant now) {
  entry.set_retry_at({});
  const Instant fresh_until = entry.fresh_until();
  const Instant keep_until = entry.keep_until();
  if (fresh_until <= now) return false;
  const Duration kept = keep_until > fresh_until ? between(fresh_until, keep_until) : Duration(0);
  entry.set_times(now, saturating_add(now, kept));
  return true;
}

// One more reference to an entry that somebody else keeps alive during the call.
[[nodiscard]] inline EntryRef share(Entry* entry) {
  EntryRef borrowed(entry);
  EntryRef shared(borrowed);
  static_cast<void>(borrowed.release());
  return shared;
}

// Starts to fetch what a hit reads of an entry whose key has `key_size` bytes: from its use count
// to the first bytes of its value; of a long key the beginning.
// Always inlined: a function that only fetches has no effect that gcc knows, and its call is
// dropped.
[[gnu::always_inline]] inline void prefetch_hit(const Entry& entry, std::size_t key_size) {
  constexpr std::size_t kCacheLine = 64;
  constexpr std::size_t kKeyEnd = 3 * kCacheLine;
  const auto* first = reinterpret_cast<const char*>(&entry.last_use);
  const auto* value = reinterpret_cast<const char*>(&entry) + sizeof(Entry) + key_size;
  for (std::size_t at = 0; at < kKeyEnd && first + at < value; at += kCacheLine) {
    __builtin_prefetch(first + at);
  }
  __builtin_prefetch(value);
}

// Starts to fetch the parts of an entry that a removal reads and writes; null fetches nothing.
inline void prefetch_entry(const Entry* entry) {
  if (entry == nullptr) return;
  constexpr std::size_t kCacheLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(entry);
  for (std::size_t at = 0; at < sizeof(Entry) + kCacheLine; at += kCacheLine) {
    internal::prefetch_for_write(bytes + at);
  }
}

}  // namespace strata::memory
