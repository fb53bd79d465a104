// The ring of causes.
#include "labels/cause_ring.h"

#include <algorithm>
#include <bit>

#include "core/assert.h"
#include "labels/cause_text.h"

namespace strata::internal {

CauseRing::CauseRing(std::size_t capacity, std::size_t tiers) : tiers_(tiers) {
  if (capacity == 0) return;
  const std::size_t slots = std::bit_ceil(std::min(capacity, limits::kJournalRecords));
  slots_ = ZeroedArray<Slot>(slots);
  numbers_ = ZeroedArray<Numbered>(slots * tiers);
  mask_ = slots - 1;
}

void CauseRing::write(std::uint64_t id, const NewCause& cause) {
  Slot& slot = slots_[id & mask_];
  if (slot.id == 0) ++count_;
  slot.id = id;
  const auto parent = static_cast<std::uint64_t>(cause.parent);
  slot.parent = parent < id ? parent : 0;
  slot.number = 0;
  slot.at_ms = kept_ms(cause.at);
  slot.kind = static_cast<std::uint64_t>(cause.kind);
  slot.text_bytes = keep_text(cause.text, slot.text);
}

CauseId CauseRing::begin(const NewCause& cause) {
  if (slots_.empty()) return CauseId::kNone;
  write(next_, cause);
  return CauseId{next_++};
}

void CauseRing::set_number(CauseId cause, Ticket number, std::size_t tier) {
  if (!contains(cause) || tier >= tiers_) return;
  const std::uint64_t id = static_cast<std::uint64_t>(cause);
  const std::uint64_t value = strata::number(number);
  if (tier == 0) slots_[id & mask_].number = value;
  numbers_[place_of(number, tier)] = {value, id};
}

CauseId CauseRing::cause_of_number(Ticket number, std::size_t tier) const {
  if (numbers_.empty() || tier >= tiers_) return CauseId::kNone;
  const Numbered& numbered = numbers_[place_of(number, tier)];
  if (numbered.number != strata::number(number)) return CauseId::kNone;
  const CauseId id{numbered.id};
  return contains(id) ? id : CauseId::kNone;
}

Cause CauseRing::cause(CauseId id) const {
  const Slot* slot = slot_of(id);
  STRATA_ASSERT(slot != nullptr);
  Cause cause{.id = id,
              .parent = CauseId{slot->parent},
              .kind = static_cast<CauseKind>(slot->kind),
              .at = {slot->at_ms},
              .text = std::string(slot->text, slot->text_bytes),
              .number = std::nullopt,
              .is_former = slot->id < first_};
  if (slot->number != 0) cause.number = Ticket{slot->number};
  return cause;
}

CauseId CauseRing::oldest() const {
  return CauseId{next_ > slots_.size() ? next_ - slots_.size() : 1};
}

void CauseRing::restore(const std::vector<Cause>& causes, CauseId next) {
  STRATA_ASSERT(next_ == 1);
  next_ = static_cast<std::uint64_t>(next);
  first_ = next_;
  if (slots_.empty()) return;
  for (const Cause& cause : causes) {
    if (cause.id < oldest()) continue;
    write(static_cast<std::uint64_t>(cause.id),
          {.kind = cause.kind, .text = cause.text, .parent = cause.parent, .at = cause.at});
  }
}

void CauseRing::check_invariants() const {
  std::size_t count = 0;
  for (std::size_t place = 0; place < slots_.size(); ++place) {
    const Slot& slot = slots_[place];
    if (slot.id == 0) continue;
    ++count;
    STRATA_ASSERT((slot.id & mask_) == place);
    STRATA_ASSERT(slot.id < next_);
    STRATA_ASSERT(slot.parent < slot.id);
    STRATA_ASSERT(slot.kind < kCauseKindCount);
    STRATA_ASSERT(slot.text_bytes <= limits::kCauseTextBytes);
  }
  STRATA_ASSERT(count == count_);
}

}  // namespace strata::internal
