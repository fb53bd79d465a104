// The memory tier's reads: one key, many keys, and slices of everything.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/assert.h"
#include "core/mutant.h"
#include "memory/epochs.h"
#include "memory/residence.h"
#include "memory/tier.h"

namespace strata::memory {
namespace {

// Keys of one batch whose memory is fetched at the same time.
constexpr std::size_t kBatchKeys = 64;
// Places that one step of a scan looks at.
constexpr std::size_t kScanPlaces = 256;
// A scan's cursor is the number of a shard in its top bits, and a cursor of the shard's table.
constexpr unsigned kShardShift = 44;

template <typename Word>
[[gnu::always_inline]] inline bool differs_at(const char* a, const char* b) {
  Word x;
  Word y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return x != y;
}

// Whether the texts are equal; keys are short, and mostly of more than eight bytes. The last words
// overlap those before.
[[gnu::always_inline]] inline bool is_same(std::string_view a, std::string_view b) {
  using Half = std::uint32_t;
  using Word = std::uint64_t;
  using Pair = unsigned __int128;
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  const char* x = a.data();
  const char* y = b.data();
  if (size >= sizeof(Pair)) {
    const std::size_t last = size - sizeof(Pair);
    for (std::size_t at = 0; at < last; at += sizeof(Pair)) {
      if (differs_at<Pair>(x + at, y + at)) return false;
    }
    return !differs_at<Pair>(x + last, y + last);
  }
  if (size >= sizeof(Word)) {
    const std::size_t last = size - sizeof(Word);
    return !differs_at<Word>(x, y) && !differs_at<Word>(x + last, y + last);
  }
  if (size >= sizeof(Half)) {
    const std::size_t last = size - sizeof(Half);
    return !differs_at<Half>(x, y) && !differs_at<Half>(x + last, y + last);
  }
  return std::memcmp(x, y, size) == 0;
}

// Whether an entry with the key's text is the key's. Only texts that end with a hash of their
// parameters, `#` and 32 hex digits, stand for several keys (key.h). For others the entry's
// details, which are elsewhere in memory, need not be read.
inline bool has_params_of(const Entry& entry, const KeyRef& key) {
  constexpr std::size_t kHashText = 33;
  const std::string_view text = key.text;
  const bool may_be_hashed = text.size() > kHashText && text[text.size() - kHashText] == '#';
  if (!may_be_hashed && key.long_params.empty()) return true;
  return entry.has_key(key);
}

}  // namespace

// Where a key is, and what is there.
struct MemoryTier::Found {
  Shard& shard;
  Entry* entry;
};

[[gnu::always_inline]] inline bool MemoryTier::is_servable(const Entry& entry) const {
  const bool current = STRATA_MUTANT(kCellNotCompared) || is_current(entry);
  return current &&
         (entry.keep_until() == kNever || !is_expired(entry, commons_.clock->coarse_now()));
}

// `mixed`: Placement::mixed() of the key's hash.
[[gnu::always_inline]] inline MemoryTier::Found MemoryTier::look(const KeyRef& key,
                                                                 std::uint64_t mixed) const {
  Shard& shard = shard_at(mixed);
  Entry* entry = shard.table().find(
      commons_.placement.place_of_mixed(mixed), [&](const Entry& one)
                                                    __attribute__((always_inline)) {
                                                      return is_same(one.key_text(), key.text) &&
                                                             has_params_of(one, key);
                                                    });
  return {shard, entry};
}

// Counts what a look brought and tells the policy of a use: most of them read marks, later; to some
// it has to be told in order. Returns whether it is a hit. `slot`: the thread's. `gone`: the entry
// is to be removed.
[[gnu::always_inline]] inline bool MemoryTier::note(const KeyRef& key, const Found& found,
                                                    unsigned slot, bool& gone) {
  Entry* const entry = found.entry;
  gone = entry != nullptr && !is_servable(*entry);
  Controller* const controller = policies_.controller.get();
  if (controller != nullptr && controller->samples(key.hash)) tell_controller(key, entry, gone);
  if (entry == nullptr || gone) {
    misses_.add_as(slot, 1);
    return false;
  }
  hits_.add_as(slot, 1);
  mark_use(*entry, found.shard.marks(*entry));
  if (wants_hits_) found.shard.tell_hit(*entry);
  return true;
}

// Of a sampled key.
[[gnu::noinline]] void MemoryTier::tell_controller(const KeyRef& key, const Entry* entry,
                                                   bool gone) {
  const UseKind kind = entry == nullptr ? UseKind::kMiss : gone ? UseKind::kGone : UseKind::kHit;
  const std::uint32_t weight = kind == UseKind::kHit ? entry->weight : 0;
  policies_.controller->look_up(key.text, {.hash = key.hash, .weight = weight, .kind = kind});
}

EntryRef MemoryTier::get(const KeyRef& key) {
  bool gone = false;
  EntryRef shared;
  {
    const EpochGuard guard;
    const Found found = look(key, commons_.placement.mixed(key.hash));
    if (note(key, found, guard.slot(), gone)) shared = share(found.entry);
  }
  if (gone) shard_of(key.hash).remove_if_gone(key);
  return shared;
}

bool MemoryTier::visit(const KeyRef& key, Visitor visitor, void* context) {
  const unsigned slot = internal::current_thread_slot;
  if (!EpochGuard::is_own(slot)) [[unlikely]]
    return visit_slowly(key, visitor, context);
  bool gone = false;
  {
    const EpochGuard guard(slot);
    const Found found = look(key, commons_.placement.mixed(key.hash));
    if (note(key, found, slot, gone)) {
      visitor(context, *found.entry);
      return true;
    }
  }
  if (gone) shard_of(key.hash).remove_if_gone(key);
  return false;
}

// By a thread that has not, or may not have, a slot of its own.
[[gnu::noinline]] bool MemoryTier::visit_slowly(const KeyRef& key, Visitor visitor, void* context) {
  if (may_nest_guards()) return visit(key, visitor, context);
  // The visitor's own reads would wait for this one.
  const EntryRef entry = get(key);
  if (entry) visitor(context, *entry);
  return static_cast<bool>(entry);
}

EntryRef MemoryTier::peek(const KeyRef& key) const {
  const EpochGuard guard;
  Entry* const entry = look(key, commons_.placement.mixed(key.hash)).entry;
  return entry != nullptr && is_servable(*entry) ? share(entry) : EntryRef();
}

// Three rounds over a batch: fetch the buckets, fetch the entries that are probably there, look.
// Each round waits for memory once instead of once for each key.
void MemoryTier::get_many(std::span<const KeyRef> keys, std::span<EntryRef> entries) {
  STRATA_ASSERT(keys.size() == entries.size());
  // What the caller held there is let go of before any guard.
  for (EntryRef& entry : entries) entry = EntryRef();
  const Placement& placement = commons_.placement;
  for (std::size_t begin = 0; begin < keys.size(); begin += kBatchKeys) {
    const std::size_t count = std::min(kBatchKeys, keys.size() - begin);
    const std::span<const KeyRef> batch = keys.subspan(begin, count);
    std::array<bool, kBatchKeys> gone{};
    std::array<std::uint64_t, kBatchKeys> mixed;
    const auto table_of = [&](std::size_t at) -> const EntryTable& {
      return shard_at(mixed[at]).table();
    };
    {
      const EpochGuard guard;
      for (std::size_t at = 0; at < count; ++at) {
        mixed[at] = placement.mixed(batch[at].hash);
        table_of(at).prefetch(placement.place_of_mixed(mixed[at]));
      }
      for (std::size_t at = 0; at < count; ++at) {
        prefetch_hit(table_of(at).guess(placement.place_of_mixed(mixed[at])));
      }
      for (std::size_t at = 0; at < count; ++at) {
        const Found found = look(batch[at], mixed[at]);
        const bool hit = note(batch[at], found, guard.slot(), gone[at]);
        entries[begin + at] = hit ? share(found.entry) : EntryRef();
      }
    }
    for (std::size_t at = 0; at < count; ++at) {
      if (gone[at]) shard_of(batch[at].hash).remove_if_gone(batch[at]);
    }
  }
}

std::uint64_t MemoryTier::scan(std::uint64_t cursor, std::vector<EntryRef>& entries) const {
  const Instant now = commons_.clock->coarse_now();
  const std::uint64_t at = cursor >> kShardShift;
  const std::uint64_t within = cursor & ((std::uint64_t{1} << kShardShift) - 1);
  if (at >= shards_.size()) return 0;
  const EpochGuard guard;
  const auto next = shards_[at]->table().walk(within, kScanPlaces, [&](Entry* entry) {
    if (is_current(*entry) && !is_expired(*entry, now)) entries.push_back(share(entry));
  });
  if (next) return at << kShardShift | *next;
  return at + 1 == shards_.size() ? 0 : (at + 1) << kShardShift;
}

}  // namespace strata::memory
