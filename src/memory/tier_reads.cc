// The memory tier's reads: one key, many keys, and slices of everything.
#include <algorithm>
#include <array>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "memory/epochs.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {
namespace {

// Keys of one batch whose memory is fetched at the same time.
constexpr std::size_t kBatchKeys = 64;
// Places that one step of a scan looks at.
constexpr std::size_t kScanPlaces = 256;

// Whether an entry with the key's text is the key's. Only texts that end with a hash of their
// parameters, `#` and 32 hex digits, stand for several keys (key.h). For others the entry's
// details, which are elsewhere in memory, need not be read.
bool has_params_of(const Entry& entry, const KeyRef& key) {
  constexpr std::size_t kHashText = 33;
  const std::string_view text = key.text;
  const bool may_be_hashed = text.size() > kHashText && text[text.size() - kHashText] == '#';
  if (!may_be_hashed && key.long_params.empty()) return true;
  return entry.has_key(key);
}

}  // namespace

bool MemoryTier::is_servable(const Entry& entry) const {
  const bool current = STRATA_MUTANT(kCellNotCompared) || is_current(entry);
  return current && (entry.keep_until() == kNever || !is_expired(entry, clock_->coarse_now()));
}

Entry* MemoryTier::look(const KeyRef& key) const {
  return table_of(key.hash).find(placement_.place(key.hash), [&](const Entry& entry) {
    return entry.key_text() == key.text && has_params_of(entry, key);
  });
}

bool MemoryTier::note(Entry* entry, bool& gone) {
  gone = entry != nullptr && !is_servable(*entry);
  if (entry == nullptr || gone) {
    misses_.add(1);
    return false;
  }
  hits_.add(1);
  mark(*entry);
  return true;
}

// Tells the policy of a use: most of them read marks, later; to some it has to be told in order.
void MemoryTier::mark(Entry& entry) {
  Policy& policy = *policies_.shards[0];
  mark_use(entry, policy.marks());
  Controller* const controller = policies_.controller.get();
  if (controller != nullptr && controller->samples(entry.hash())) controller->offer(entry.hash());
  if (!wants_hits_) return;
  const MutexLock lock(mutex_);
  if (entry.queue != 0) policy.on_hit(entry);  // It has not left meanwhile.
}

EntryRef MemoryTier::get(const KeyRef& key) {
  bool gone = false;
  EntryRef found;
  {
    const EpochGuard guard;
    Entry* entry = look(key);
    if (note(entry, gone)) found = share(entry);
  }
  if (gone) remove_if_gone(key);
  return found;
}

bool MemoryTier::visit(const KeyRef& key, Visitor visitor, void* context) {
  if (!may_nest_guards()) {
    // The visitor's own reads would wait for this one.
    const EntryRef entry = get(key);
    if (entry) visitor(context, *entry);
    return static_cast<bool>(entry);
  }
  bool gone = false;
  {
    const EpochGuard guard;
    Entry* entry = look(key);
    if (note(entry, gone)) {
      visitor(context, *entry);
      return true;
    }
  }
  if (gone) remove_if_gone(key);
  return false;
}

EntryRef MemoryTier::peek(const KeyRef& key) const {
  const EpochGuard guard;
  Entry* entry = look(key);
  return entry != nullptr && is_servable(*entry) ? share(entry) : EntryRef();
}

// Removes the key's entry if it is no longer servable. It may be another one by now.
void MemoryTier::remove_if_gone(const KeyRef& key) {
  STRATA_YIELD("memory.read.gone");
  Departures gone(limbo_);
  const MutexLock lock(mutex_);
  Entry* entry = find(key.hash, key.text);
  if (entry == nullptr) return;
  if (is_current(*entry) && !is_expired(*entry, clock_->coarse_now())) return;
  remove(entry, RemovalCause::kExpired, gone);
}

// Three rounds over a batch: fetch the buckets, fetch the entries that are probably there, look.
// Each round waits for memory once instead of once for each key.
void MemoryTier::get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) {
  STRATA_ASSERT(keys.size() == entries.size());
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatchKeys) {
    const std::size_t count = std::min(kBatchKeys, keys.size() - begin);
    const std::span<const KeyRef> batch = keys.subspan(begin, count);
    std::array<bool, kBatchKeys> gone{};
    {
      const EpochGuard guard;
      for (const KeyRef& key : batch) table_of(key.hash).prefetch(placement_.place(key.hash));
      for (const KeyRef& key : batch) {
        prefetch_hit(table_of(key.hash).guess(placement_.place(key.hash)));
      }
      for (std::size_t at = 0; at < count; ++at) {
        Entry* entry = look(batch[at]);
        entries[begin + at] = note(entry, gone[at]) ? share(entry) : EntryRef();
      }
    }
    for (std::size_t at = 0; at < count; ++at) {
      if (gone[at]) remove_if_gone(batch[at]);
    }
  }
}

bool MemoryTier::invalidated_after(const Entry& entry, Ticket ticket) const {
  const LabelId key_label = label_id(LabelKind::kKey, entry.key_text());
  const MutexLock lock(mutex_);
  return refuses(entry, key_label, ticket);
}

bool MemoryTier::invalidated_after(std::span<const LabelId> labels, Ticket ticket) const {
  const MutexLock lock(mutex_);
  return labels_.invalidated_after(labels, ticket);
}

std::uint64_t MemoryTier::scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const {
  const Instant now = clock_->coarse_now();
  const EpochGuard guard;
  return walk(cursor, kScanPlaces, [&](Entry* entry) {
    if (is_current(*entry) && !is_expired(*entry, now)) entries.push_back(share(entry));
  });
}

}  // namespace strata::memory
