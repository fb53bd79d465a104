#include "memory/limbo.h"

#include "core/mutant.h"
#include "core/slab_heap.h"
#include "memory/epochs.h"
#include "memory/residence.h"

namespace strata::memory {

Limbo::~Limbo() {
  const MutexLock lock(mutex_);
  let_go(first_);
  for (const auto& chain : incoming_) let_go(chain.load(std::memory_order_acquire));
}

void Limbo::take(Resident* first, Resident* last, std::size_t count, std::uint64_t bytes) {
  const auto added = static_cast<std::int64_t>(count);
  const std::int64_t before = incoming_size_.fetch_add(added, std::memory_order_relaxed);
  // Spread also where many come at a time.
  const std::uint64_t spread = static_cast<std::uint64_t>(before) * 0x9e3779b97f4a7c15ULL;
  std::atomic<Resident*>& chain = incoming_[spread >> kChainShift];
  Resident* top = chain.load(std::memory_order_relaxed);
  do {
    last->next = top;
  } while (!chain.compare_exchange_weak(top, first, std::memory_order_release,
                                        std::memory_order_relaxed));
  // Of those who add, the one that completes a batch sees to it, be it the second or third that has
  // come together: who completed the first may have come before the others had added theirs.
  constexpr auto kFull = static_cast<std::int64_t>(kBatch);
  const std::int64_t full_bytes =
      std::max<std::int64_t>(1, batch_bytes_.load(std::memory_order_relaxed));
  const auto completes = [](std::int64_t sum, std::int64_t amount, std::int64_t full) {
    return sum / full != (sum + amount) / full;
  };
  const auto added_bytes = static_cast<std::int64_t>(bytes);
  const std::int64_t bytes_before =
      incoming_bytes_.fetch_add(added_bytes, std::memory_order_relaxed);
  if (completes(before, added, kFull) || completes(bytes_before, added_bytes, full_bytes)) {
    release();
  }
}

void Limbo::release() {
  Resident* free = nullptr;
  {
    const MutexLock lock(mutex_);
    free = take_free();
  }
  let_go(free);
}

// What came is stamped with an epoch that begins afterwards. Stamps are in the order of the chain.
Resident* Limbo::take_free() {
  std::array<Resident*, kChains> came;
  std::size_t chains = 0;
  for (auto& chain : incoming_) {
    if (chain.load(std::memory_order_relaxed) == nullptr) continue;
    came[chains] = chain.exchange(nullptr, std::memory_order_acquire);
    prefetch_entry(static_cast<const Entry*>(came[chains++]));
  }
  if (chains == 0 && first_ == nullptr) return nullptr;
  Epoch epoch = begin_epoch();
  if (STRATA_MUTANT(kReclaimAtOnce)) epoch.bound = epoch.begun;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  while (chains > 0) {
    for (std::size_t at = 0; at < chains;) {
      Resident* const entry = came[at];
      (first_ == nullptr ? first_ : last_->next) = entry;
      last_ = entry;
      entry->left = epoch.begun;
      internal::slab_prefetch_free(entry);
      ++count;
      bytes += entry->weight;
      if (entry->next == nullptr) {
        came[at] = came[--chains];
      } else {
        came[at] = entry->next;
        prefetch_entry(static_cast<const Entry*>(came[at++]));
      }
    }
  }
  if (last_ != nullptr) last_->next = nullptr;
  size_ += count;
  incoming_size_.fetch_sub(static_cast<std::int64_t>(count), std::memory_order_relaxed);
  incoming_bytes_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);

  Resident* const free = first_;
  Resident* last_free = nullptr;
  for (Resident* entry = first_; entry != nullptr && entry->left <= epoch.bound;
       entry = entry->next) {
    last_free = entry;
    --size_;
  }
  if (last_free == nullptr) return nullptr;
  first_ = last_free->next;
  last_free->next = nullptr;
  if (first_ == nullptr) last_ = nullptr;
  return free;
}

void Limbo::let_go(Resident* chain) {
  while (chain != nullptr) {
    const EntryRef leaving(static_cast<Entry*>(chain));
    chain = chain->next;
  }
}

std::size_t Limbo::size() const {
  const MutexLock lock(mutex_);
  return size_ + static_cast<std::size_t>(incoming_size_.load(std::memory_order_relaxed));
}

}  // namespace strata::memory
