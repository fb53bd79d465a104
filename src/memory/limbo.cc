#include "memory/limbo.h"

#include "memory/epochs.h"

namespace strata::memory {

Limbo::~Limbo() {
  const MutexLock lock(mutex_);
  let_go(first_);
}

void Limbo::take(Entry* first, Entry* last, std::size_t count) {
  Entry* free = nullptr;
  {
    const MutexLock lock(mutex_);
    (first_ == nullptr ? first_ : last_->residence.next) = first;
    last_ = last;
    last->residence.next = nullptr;
    if (unstamped_ == nullptr) unstamped_ = first;
    size_ += count;
    unstamped_size_ += count;
    if (unstamped_size_ >= kBatch) free = take_free();
  }
  let_go(free);
}

void Limbo::release() {
  Entry* free = nullptr;
  {
    const MutexLock lock(mutex_);
    free = take_free();
  }
  let_go(free);
}

// Stamps are in the order of the chain.
Entry* Limbo::take_free() {
  if (first_ == nullptr) return nullptr;
  const Epoch epoch = begin_epoch();
  for (Entry* entry = unstamped_; entry != nullptr; entry = entry->residence.next) {
    entry->residence.left = epoch.begun;
  }
  unstamped_ = nullptr;
  unstamped_size_ = 0;
  Entry* const free = first_;
  Entry* last_free = nullptr;
  for (Entry* entry = first_; entry != nullptr && entry->residence.left <= epoch.bound;
       entry = entry->residence.next) {
    last_free = entry;
    --size_;
  }
  if (last_free == nullptr) return nullptr;
  first_ = last_free->residence.next;
  last_free->residence.next = nullptr;
  if (first_ == nullptr) last_ = nullptr;
  return free;
}

void Limbo::let_go(Entry* chain) {
  while (chain != nullptr) {
    const EntryRef leaving(chain);
    chain = chain->residence.next;
  }
}

std::size_t Limbo::size() const {
  const MutexLock lock(mutex_);
  return size_;
}

}  // namespace strata::memory
