// The memory tier's reads: one key, many keys, and slices of everything.
#include <algorithm>
#include <array>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
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
bool has_params_of(const Entry& entry, KeyRef key) {
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

MemoryTier::Look MemoryTier::look(Shard& shard, std::uint64_t place, KeyRef key, EntryRef& found) {
  Entry* entry = shard.table.find(place, key.text);
  if (entry == nullptr || !has_params_of(*entry, key)) {
    ++shard.misses;
    return Look::kMiss;
  }
  if (!is_servable(*entry)) {
    ++shard.misses;
    return Look::kGone;
  }
  ++shard.hits;
  S3Fifo::count_use(*entry);
  found = share(entry);
  return Look::kHit;
}

EntryRef MemoryTier::get(KeyRef key) {
  const Location at = locate(key.hash);
  Shard& shard = shards_[at.shard];
  EntryRef found;
  Look outcome = Look::kMiss;
  {
    const MutexLock lock(shard.mutex);
    outcome = look(shard, at.place, key, found);
  }
  if (outcome == Look::kGone) remove_if_gone(key, at);
  return found;
}

EntryRef MemoryTier::peek(KeyRef key) const {
  const Location at = locate(key.hash);
  const Shard& shard = shards_[at.shard];
  const MutexLock lock(shard.mutex);
  Entry* entry = shard.table.find(at.place, key.text);
  const bool found = entry != nullptr && has_params_of(*entry, key) && is_servable(*entry);
  return found ? share(entry) : EntryRef();
}

// Removes the key's entry if it is no longer servable. It may be another one by now.
void MemoryTier::remove_if_gone(KeyRef key, Location at) {
  STRATA_YIELD("memory.read.gone");
  Departures gone;
  const MutexLock lock(mutex_);
  Entry* entry = find(at, key.text);
  if (entry == nullptr) return;
  if (is_current(*entry) && !is_expired(*entry, clock_->coarse_now())) return;
  remove(entry, RemovalCause::kExpired, gone);
}

// Three rounds over a batch in the order of shards: fetch the places, fetch the entries that are
// probably there, look. Each round waits for memory once instead of once for each key.
void MemoryTier::get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) {
  STRATA_ASSERT(keys.size() == entries.size());
  struct Item {
    Location at;
    std::size_t index;
    Look outcome;
  };
  std::fill(entries.begin(), entries.end(), EntryRef());
  std::array<Item, kBatchKeys> items;
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatchKeys) {
    const std::size_t count = std::min(kBatchKeys, keys.size() - begin);
    for (std::size_t i = 0; i < count; ++i) {
      items[i] = {locate(keys[begin + i].hash), begin + i, Look::kMiss};
    }
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(count);
    std::sort(items.begin(), end,
              [](const Item& a, const Item& b) { return a.at.shard < b.at.shard; });

    const auto for_each_shard = [&](const auto& visit) {
      for (auto item = items.begin(); item != end;) {
        Shard& shard = shards_[item->at.shard];
        const MutexLock lock(shard.mutex);
        const std::size_t same = item->at.shard;
        for (; item != end && item->at.shard == same; ++item) visit(shard, *item);
      }
    };
    for_each_shard([](Shard& shard, const Item& item)
                       STRATA_NO_ANALYSIS { shard.table.prefetch(item.at.place); });
    for_each_shard([](Shard& shard, const Item& item) STRATA_NO_ANALYSIS {
      prefetch_entry(shard.table.guess(item.at.place));
    });
    for_each_shard([&](Shard& shard, Item& item) STRATA_NO_ANALYSIS {
      item.outcome = look(shard, item.at.place, keys[item.index], entries[item.index]);
    });
    for (auto item = items.begin(); item != end; ++item) {
      if (item->outcome == Look::kGone) remove_if_gone(keys[item->index], item->at);
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
  return walk(cursor, kScanPlaces, [&](Entry* entry) {
    if (is_current(*entry) && !is_expired(*entry, now)) entries.push_back(share(entry));
  });
}

}  // namespace strata::memory
