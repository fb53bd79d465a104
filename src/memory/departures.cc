// Departures: tells the listener of removed entries and lets them go.
#include "memory/departures.h"

#include <cstdint>
#include <utility>

namespace strata::memory {

void Departures::add(Entry* entry, RemovalCause cause,
                     const std::shared_ptr<const RemovalListener>& listener) {
  if (first_ == nullptr) listener_ = listener;
  Entry*& link = first_ == nullptr ? first_ : last_->residence.next;
  link = entry;
  last_ = entry;
  entry->residence.next = nullptr;
  entry->residence.queue = static_cast<std::uint8_t>(cause);
}

Departures::~Departures() {
  for (Entry* entry = first_; entry != nullptr;) {
    Entry* const next = entry->residence.next;
    const EntryRef leaving(entry);
    if (listener_) (*listener_)(leaving, static_cast<RemovalCause>(entry->residence.queue));
    entry = next;
  }
}

}  // namespace strata::memory
