// The ledger's soft tombstones: ttls that an expire() has ended and the file does not say so yet.
#include <algorithm>

#include "core/mutant.h"
#include "sqlite/ledger.h"

namespace strata::sqlite {

// A *soft tombstone* (label, n, end) makes what carries the label and has a number below n past
// its ttl since `end`. It is raised, covers, is judged and retired as a hard one is, so the
// argument in ledger.cc holds for it, with "as if its ttl had ended" for "a miss".
//
// A hard tombstone that comes later covers all that the soft one of its label does, and takes its
// place. A soft one that comes later does not cover what the hard one does, and stands beside it:
// rows below the hard number are misses, those up to the soft one past their ttl.
//
// A soft one that comes later than another of its label takes its place and keeps its `end`. What
// was accepted between the two is then kept a little shorter than it might be, and never longer.
//
// Its mark in the journal is like a hard one's, since a slot has no room for a time: what an
// expire() covered when the process ended is forgotten.

// When the ttl of the record was ended, by the earliest of the tombstones that cover it.
std::optional<Moment> Ledger::end_of(LabelId key, const Record& record) const {
  static const LabelId kEverything = everything().id();
  if (soft_tombstones_.empty() || STRATA_MUTANT(kSoftTombstoneAsNone)) return std::nullopt;
  std::optional<Moment> end;
  const auto consider = [&](LabelId label) STRATA_NO_ANALYSIS {
    const auto found = soft_tombstones_.find(label);
    if (found == soft_tombstones_.end() || found->second.number <= record.number) return;
    if (!end || found->second.end.now < end->now) end = found->second.end;
  };
  consider(kEverything);
  consider(key);
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) consider(label.id());
  }
  return end;
}

Ticket Ledger::expire(std::span<const LabelId> labels) {
  static const LabelId kEverything = everything().id();
  const MutexLock lock(mutex_);
  wait_for_room(0, labels.size(), {});

  const Moment end = moment_of(clock_);
  const bool is_all = std::find(labels.begin(), labels.end(), kEverything) != labels.end();
  const bool has_room = has_tombstone_room(labels.size());
  const Ticket number =
      table_.raise(STRATA_MUTANT(kExpireWithoutRaise) ? std::span<const LabelId>() : labels);
  ++counts_.invalidations;
  if (is_all) {
    cover_softly(kEverything, number, end);
  } else if (has_room) {
    for (const LabelId label : labels) cover_softly(label, number, end);
  } else {
    ++counts_.collapses;
    collapse_softly_into(number, end);
  }
  return number;
}

void Ledger::cover_softly(LabelId label, Ticket number, const Moment& end) {
  SoftTombstone& tombstone = soft_tombstones_[label];
  const SoftTombstone former = tombstone;
  tombstone.number = number;
  if (former.operation == 0 || end.now < former.end.now) tombstone.end = end;
  tombstone.operation = enqueue(
      {.kind = Operation::Kind::kEnd, .label = label, .number = number, .end = tombstone.end});
  if (!STRATA_MUTANT(kNoJournal)) {
    tombstone.slot = journal_->mark({label, number});
    tombstone.has_slot = true;
  }
  if (former.has_slot) journal_->clear(former.slot);
  if (STRATA_MUTANT(kSoftWinsOverHard)) uncover(tombstones_, label);
}

// Replaces all soft tombstones by one, with the earliest of their ends.
void Ledger::collapse_softly_into(Ticket number, Moment end) {
  for (const auto& [label, tombstone] : soft_tombstones_) {
    if (tombstone.end.now < end.now) end = tombstone.end;
  }
  const LabelId all = everything().id();
  cover_softly(all, number, end);
  uncover_others(soft_tombstones_, all);
}

}  // namespace strata::sqlite
