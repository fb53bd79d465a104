#include "memory/limbo.h"

#include "core/mutant.h"
#include "memory/epochs.h"

namespace strata::memory {

Limbo::~Limbo() {
  const MutexLock lock(mutex_);
  let_go(first_);
  let_go(incoming_.load(std::memory_order_acquire));
}

void Limbo::take(Resident* first, Resident* last, std::size_t count, std::uint64_t bytes) {
  Resident* top = incoming_.load(std::memory_order_relaxed);
  do {
    last->next = top;
  } while (!incoming_.compare_exchange_weak(top, first, std::memory_order_release,
                                            std::memory_order_relaxed));
  // Of those who add, the one that completes a batch sees to it.
  constexpr auto kFull = static_cast<std::int64_t>(kBatch);
  const std::int64_t full_bytes = batch_bytes_.load(std::memory_order_relaxed);
  const auto completes = [](std::atomic<std::int64_t>& sum, std::uint64_t amount,
                            std::int64_t full) {
    const auto added = static_cast<std::int64_t>(amount);
    const std::int64_t before = sum.fetch_add(added, std::memory_order_relaxed);
    return before < full && before + added >= full;
  };
  const bool has_many = completes(incoming_size_, count, kFull);
  if (completes(incoming_bytes_, bytes, full_bytes) || has_many) release();
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
  Resident* const came = incoming_.exchange(nullptr, std::memory_order_acquire);
  if (came == nullptr && first_ == nullptr) return nullptr;
  Epoch epoch = begin_epoch();
  if (STRATA_MUTANT(kReclaimAtOnce)) epoch.bound = epoch.begun;
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  if (came != nullptr) (first_ == nullptr ? first_ : last_->next) = came;
  for (Resident* entry = came; entry != nullptr; entry = entry->next) {
    entry->left = epoch.begun;
    last_ = entry;
    ++count;
    bytes += entry->weight;
  }
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
