#include "memory/expiry_wheel.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "core/assert.h"

namespace strata::memory {

// Invariants:
// (1) An entry in the wheel names its slot and its place there; others name none.
// (2) An entry is in a slot that is reached no later than the tick of the keep_until that it had
//     when it was put there; or in the present tick's, if that was over.

void ExpiryWheel::add(Entry& entry) noexcept {
  if (entry.keep_until() == kNever) return;
  const std::uint64_t due = std::max(tick_of(entry.keep_until()), tick_);
  const std::uint64_t away = due - tick_;
  unsigned level = 0;
  while (level + 1 < kLevels && away >> ((level + 1) * kSlotBits) != 0) ++level;
  // Beyond the last wheel it waits for a whole turn.
  const std::uint64_t most = (std::uint64_t{1} << (kLevels * kSlotBits)) - 1;
  Slot& home = slot(level, tick_ + std::min(away, most));
  try {
    home.push_back(&entry);
  } catch (const std::bad_alloc&) {
    ++left_out_;
    return;
  }
  entry.residence.wheel_slot = static_cast<std::uint16_t>(&home - slots_.data() + 1);
  entry.residence.wheel_place = static_cast<std::uint32_t>(home.size() - 1);
  ++sizes_[level];
  ++size_;
}

void ExpiryWheel::remove(Entry& entry) noexcept {
  if (entry.residence.wheel_slot == 0) return;
  Slot& home = slots_[entry.residence.wheel_slot - 1u];
  const std::uint32_t place = entry.residence.wheel_place;
  // What is at the place, the entry, is not read: that would be to wait for memory.
  Entry* const last = home.back();
  home[place] = last;
  last->residence.wheel_place = place;
  home.pop_back();
  leave(entry);
}

Entry* ExpiryWheel::take_last(Slot& home) {
  Entry* entry = home.back();
  home.pop_back();
  leave(*entry);
  return entry;
}

void ExpiryWheel::leave(Entry& entry) {
  --sizes_[(entry.residence.wheel_slot - 1u) / kSlots];
  --size_;
  entry.residence.wheel_slot = 0;
}

// Moves what is in the slots that the present tick has reached to the wheels before. Returns
// whether it is done.
bool ExpiryWheel::bring_down(std::size_t& looks) {
  for (; to_bring_down_ > 0; --to_bring_down_) {
    Slot& home = slot(to_bring_down_, tick_);
    while (!home.empty()) {
      if (looks == 0) return false;
      --looks;
      add(*take_last(home));
    }
  }
  return true;
}

// Goes to the next tick at which there may be something, but not beyond `present`.
void ExpiryWheel::go_on(std::uint64_t present) {
  unsigned empty = 0;
  while (empty < kLevels && sizes_[empty] == 0) ++empty;
  const std::uint64_t turn = (std::uint64_t{1} << (empty * kSlotBits)) - 1;
  tick_ = empty == kLevels ? present : std::min(present, (tick_ | turn) + 1);
  for (unsigned level = 1; level < kLevels; ++level) {
    if ((tick_ & ((std::uint64_t{1} << (level * kSlotBits)) - 1)) != 0) break;
    to_bring_down_ = level;
  }
}

std::size_t ExpiryWheel::take(Instant now, std::span<Entry*> expired, std::size_t looks,
                              bool exactly) {
  const std::uint64_t present = tick_of(now);
  std::size_t taken = 0;
  while (tick_ < present) {
    if (looks == 0 || !bring_down(looks)) return taken;
    Slot& home = slot(0, tick_);
    // What was put back is behind what is still to be looked at: it goes to a later slot.
    while (!home.empty()) {
      if (taken == expired.size() || looks == 0) return taken;
      --looks;
      Entry* entry = take_last(home);
      if (entry->keep_until() <= now) {
        expired[taken++] = entry;
      } else {
        add(*entry);
      }
    }
    if (looks > 0) --looks;
    go_on(present);
  }
  if (!exactly || !bring_down(looks)) return taken;
  Slot& home = slot(0, tick_);
  for (std::size_t at = home.size(); at-- > 0 && looks > 0 && taken < expired.size(); --looks) {
    if (home[at]->keep_until() > now) continue;
    Entry* entry = home[at];
    remove(*entry);
    expired[taken++] = entry;
  }
  return taken;
}

void ExpiryWheel::check_invariants() const {
  std::array<std::size_t, kLevels> sizes{};
  for (std::size_t at = 0; at < slots_.size(); ++at) {
    for (std::size_t place = 0; place < slots_[at].size(); ++place) {
      const Entry::Residence& residence = slots_[at][place]->residence;
      STRATA_ASSERT(residence.wheel_slot == at + 1);
      STRATA_ASSERT(residence.wheel_place == place);
    }
    sizes[at / kSlots] += slots_[at].size();
  }
  STRATA_ASSERT(sizes == sizes_);
  STRATA_ASSERT(size_ == std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
}

}  // namespace strata::memory
