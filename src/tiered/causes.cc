// Which cause a removal is recorded with.
#include "tiered/causes.h"

#include <algorithm>

#include "strata/core/limits.h"

namespace strata::internal {

void Causes::note(const Entry& entry, RemovalCause cause, Ticket earlier) {
  Removal removal{.key = key_label_id(entry.hash()), .why = cause};
  CauseScope* const scope = current_[thread_slot()];
  if (number(earlier) != 0) {
    removal.cause = journal_.cause_of_number(earlier);
    // The invalidation may still be running. If it is this thread's it is why; if it is not, this
    // thread's is a reason as well, since it removes only what carries its own labels. Who only
    // looks up leaves the number, by which the cause is found once the invalidation has returned.
    const bool is_running = removal.cause == CauseId::kNone;
    if (is_running && scope != nullptr && scope->invalidates()) removal.cause = scope->id();
    if (removal.cause == CauseId::kNone) removal.number = earlier;
  } else if (cause != RemovalCause::kEvicted && cause != RemovalCause::kExpired) {
    if (scope != nullptr) removal.cause = scope->id();
  }
  // An invalidation of many reads the clock once.
  const bool is_dated = scope != nullptr && removal.cause == scope->id_;
  removal.at = is_dated && removal.cause != CauseId::kNone ? scope->at() : now();
  journal_.record(removal);
}

void Causes::note_below(std::size_t depth, std::span<const RecordRemoval> removals) {
  constexpr std::size_t kAtOnce = 128;
  std::array<Removal, kAtOnce> batch;
  const WallTime at = now();
  while (!removals.empty()) {
    const std::size_t count = std::min(kAtOnce, removals.size());
    for (std::size_t i = 0; i < count; ++i) {
      batch[i] = {.key = removals[i].key,
                  .why = removals[i].why,
                  .via = removals[i].via,
                  .at = at,
                  .tier = place_of(depth),
                  .number = removals[i].number};
    }
    journal_.record_many(std::span(batch).first(count));
    removals = removals.subspan(count);
  }
}

void Causes::set_lower_numbers(CauseId cause, const Tickets& before, const Tickets& after) {
  for (std::size_t depth = 0; depth < lower_; ++depth) {
    const Ticket number = after.lower[depth];
    if (strata::number(number) != strata::number(before.lower[depth]) + 1) continue;
    journal_.set_number(cause, number, place_of(depth));
  }
}

// The shared slot is nobody's: it is never written.
CauseScope::CauseScope(Causes& causes, CauseKind kind, const Text& text)
    : causes_(causes), kind_(kind), text_(text), slot_(thread_slot()) {
  if (slot_ == kSharedSlot) return;
  parent_ = causes_.current_[slot_];
  causes_.current_[slot_] = this;
}

CauseScope::~CauseScope() {
  if (slot_ != kSharedSlot) causes_.current_[slot_] = parent_;
}

CauseId CauseScope::id() noexcept {
  if (id_ != CauseId::kNone) return id_;
  const CauseId parent = parent_ == nullptr ? CauseId::kNone : parent_->id();
  at_ = causes_.now();
  try {
    id_ = causes_.journal_.begin({.kind = kind_, .text = text_(), .parent = parent, .at = at_});
  } catch (...) {
    return CauseId::kNone;  // No memory for the text: what is caused must happen all the same.
  }
  return id_;
}

Origin parse_origin(std::string_view origin) {
  constexpr std::array<Origin, 3> kNames = {
      {{CauseKind::kOutbox, "outbox "}, {CauseKind::kProcess, "pid "}, {CauseKind::kCli, "cli "}}};
  for (const Origin& name : kNames) {
    if (origin.starts_with(name.text)) return {name.kind, origin.substr(name.text.size())};
  }
  return {CauseKind::kProcess, origin};
}

std::string describe_labels(std::span<const Label> labels) {
  std::string text;
  for (const Label& label : labels) {
    if (text.size() >= limits::kCauseTextBytes) break;
    if (!text.empty()) text += ", ";
    if (label.kind() == LabelKind::kAll) {
      text += "everything";
      continue;
    }
    text += to_string(label.kind());
    text += ' ';
    text += label.text();
  }
  return text;
}

}  // namespace strata::internal
