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
  entry->residence.wheel_place = static_cast<std::uint32_t>(cause);
  entry->left = number(earlier);
  ++count_;
  bytes_ += entry->weight;
}

Departures::~Departures() {
  if (first_ == nullptr) return;
  for (Resident* left = first_; listener_ && left != nullptr; left = left->next) {
    auto* entry = static_cast<Entry*>(left);
    const auto cause = static_cast<RemovalCause>(entry->residence.wheel_place);
    (*listener_)(share(entry), cause, Ticket{left->left});
  }
  limbo_.take(first_, last_, count_, bytes_);
}

}  // namespace strata::memory
