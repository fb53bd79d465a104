// Departures: tells the listener of removed entries and lets them go.
#include "memory/departures.h"

#include <cstdint>
#include <utility>

#include "memory/residence.h"

namespace strata::memory {

void Departures::add(Entry* entry, RemovalCause cause, Ticket earlier,
                     const std::shared_ptr<const DepartureListener>& listener) {
  if (first_ == nullptr) listener_ = listener;
  (first_ == nullptr ? first_ : last_->next) = entry;
  last_ = entry;
  entry->next = nullptr;
  entry->queue = static_cast<std::uint8_t>(cause);
  entry->left = number(earlier);
  ++count_;
}

Departures::~Departures() {
  if (first_ == nullptr) return;
  for (Resident* left = first_; listener_ && left != nullptr; left = left->next) {
    (*listener_)(share(static_cast<Entry*>(left)), static_cast<RemovalCause>(left->queue),
                 Ticket{left->left});
  }
  limbo_.take(first_, last_, count_);
}

}  // namespace strata::memory
