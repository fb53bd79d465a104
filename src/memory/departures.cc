// Departures: tells the listener of removed entries and lets them go.
#include "memory/departures.h"

#include <cstdint>
#include <utility>

namespace strata::memory {

void Departures::add(Entry* entry, RemovalCause cause, Ticket earlier,
                     const std::shared_ptr<const DepartureListener>& listener) {
  if (first_ == nullptr) listener_ = listener;
  Entry*& link = first_ == nullptr ? first_ : last_->residence.next;
  link = entry;
  last_ = entry;
  entry->residence.next = nullptr;
  entry->residence.queue = static_cast<std::uint8_t>(cause);
  entry->residence.generation = number(earlier);
}

Departures::~Departures() {
  for (Entry* entry = first_; entry != nullptr;) {
    Entry* const next = entry->residence.next;
    const EntryRef leaving(entry);
    if (listener_) {
      const Entry::Residence& left = entry->residence;
      (*listener_)(leaving, static_cast<RemovalCause>(left.queue), Ticket{left.generation});
    }
    entry = next;
  }
}

}  // namespace strata::memory
