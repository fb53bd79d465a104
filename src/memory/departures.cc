// Departures: tells the listener of removed entries and lets them go.
#include "memory/departures.h"

#include <cstdint>
#include <utility>

#include "memory/residence.h"

namespace strata::memory {

void Departures::add(Entry* entry, RemovalCause cause, Ticket earlier,
                     const std::shared_ptr<const DepartureListener>& listener) {
  if (first_ == nullptr) listener_ = listener;
  Entry*& link = first_ == nullptr ? first_ : last_->residence.next;
  link = entry;
  last_ = entry;
  entry->residence.next = nullptr;
  entry->residence.queue = static_cast<std::uint8_t>(cause);
  entry->residence.left = number(earlier);
  ++count_;
}

Departures::~Departures() {
  if (first_ == nullptr) return;
  for (Entry* entry = first_; listener_ && entry != nullptr; entry = entry->residence.next) {
    const Entry::Residence& residence = entry->residence;
    (*listener_)(share(entry), static_cast<RemovalCause>(residence.queue), Ticket{residence.left});
  }
  limbo_.take(first_, last_, count_);
}

}  // namespace strata::memory
