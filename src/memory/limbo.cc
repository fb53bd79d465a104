#include "memory/limbo.h"

#include "memory/epochs.h"

namespace strata::memory {

Limbo::~Limbo() {
  const MutexLock lock(mutex_);
  let_go(first_);
}

void Limbo::take(Resident* first, Resident* last, std::size_t count) {
  Resident* free = nullptr;
  {
    const MutexLock lock(mutex_);
    (first_ == nullptr ? first_ : last_->next) = first;
    last_ = last;
    last->next = nullptr;
    if (unstamped_ == nullptr) unstamped_ = first;
    size_ += count;
    unstamped_size_ += count;
    if (unstamped_size_ >= kBatch) free = take_free();
  }
  let_go(free);
}

void Limbo::release() {
  Resident* free = nullptr;
  {
    const MutexLock lock(mutex_);
    free = take_free();
  }
  let_go(free);
}

// Stamps are in the order of the chain.
Resident* Limbo::take_free() {
  if (first_ == nullptr) return nullptr;
  const Epoch epoch = begin_epoch();
  for (Resident* entry = unstamped_; entry != nullptr; entry = entry->next) {
    entry->left = epoch.begun;
  }
  unstamped_ = nullptr;
  unstamped_size_ = 0;
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
  return size_;
}

}  // namespace strata::memory
