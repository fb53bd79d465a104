// The journal: two rings under one lock, and the text of what they know.
#include "strata/labels/cause_journal.h"

#include <algorithm>
#include <set>

#include "core/assert.h"
#include "core/mutex.h"
#include "labels/cause_ring.h"
#include "labels/cause_text.h"
#include "labels/cause_window.h"
#include "labels/removal_ring.h"
#include "strata/core/limits.h"

namespace strata {

// Invariants:
// (1) A cause has a greater id than its parent, so a chain ends.
// (2) Ids are given out once, over restarts too: the next one is encoded with the window.
// (3) What a slot of a ring holds is told only if the slot says that it is what was asked for:
//     its id, its key, its number. So an overwritten cause or removal is never taken for another
//     one.
struct CauseJournal::State {
  explicit State(const CauseJournalOptions& options)
      : causes(options.causes, options.tiers), removals(options.removals) {}

  // The cause and what caused it, to the root.
  std::string links(CauseId id) const STRATA_REQUIRES(mutex);
  internal::CauseWindow window(const CauseWindowSize& most) const STRATA_REQUIRES(mutex);
  // The removal with its cause, if that is known by now.
  Removal resolved(Removal removal) const STRATA_REQUIRES(mutex);
  // Whether it says what the key's last removal in that tier says.
  bool is_repeated(const Removal& removal) const STRATA_REQUIRES(mutex);

  mutable Mutex mutex;
  internal::CauseRing causes STRATA_GUARDED_BY(mutex);
  internal::RemovalRing removals STRATA_GUARDED_BY(mutex);
};

CauseJournal::CauseJournal(const CauseJournalOptions& options)
    : state_(std::make_unique<State>(options)) {}

CauseJournal::~CauseJournal() = default;

CauseId CauseJournal::begin(const NewCause& cause) {
  const MutexLock lock(state_->mutex);
  return state_->causes.begin(cause);
}

void CauseJournal::set_number(CauseId cause, Ticket number, TierPlace tier) {
  const MutexLock lock(state_->mutex);
  state_->causes.set_number(cause, number, tier);
}

Removal CauseJournal::State::resolved(Removal removal) const {
  if (removal.number == Ticket{}) return removal;
  const CauseId cause = causes.cause_of_number(removal.number, removal.tier);
  if (cause == CauseId::kNone) return removal;
  removal.cause = cause;
  removal.number = {};
  return removal;
}

bool CauseJournal::State::is_repeated(const Removal& removal) const {
  bool is_repeated = false;
  removals.for_each(removal.key, [&](const Removal& other) STRATA_NO_ANALYSIS {
    if (other.tier != removal.tier) return true;
    const Removal known = resolved(other);
    is_repeated = known.number == removal.number && known.cause == removal.cause;
    return false;
  });
  return is_repeated;
}

void CauseJournal::record(const Removal& removal) { record_many({&removal, 1}); }

void CauseJournal::record_many(std::span<const Removal> removals) {
  const MutexLock lock(state_->mutex);
  for (const Removal& removal : removals) {
    Removal told = state_->resolved(removal);
    if (removal.number != Ticket{} && state_->is_repeated(told)) continue;
    if (told.cause >= state_->causes.next()) told.cause = CauseId::kNone;
    state_->removals.record(told);
  }
}

std::optional<Removal> CauseJournal::last(LabelId key) const {
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  std::optional<Removal> last;
  state.removals.for_each(key, [&](const Removal& removal) STRATA_NO_ANALYSIS {
    last = state.resolved(removal);
    return false;
  });
  return last;
}

std::vector<Removal> CauseJournal::history(LabelId key, std::size_t most) const {
  std::vector<Removal> found;
  if (most == 0) return found;
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  state.removals.for_each(key, [&](const Removal& removal) STRATA_NO_ANALYSIS {
    found.push_back(state.resolved(removal));
    return found.size() < most;
  });
  return found;
}

MissReason CauseJournal::classify(LabelId key) const {
  const std::optional<Removal> removal = last(key);
  return removal ? miss_reason_of(removal->why) : MissReason::kCold;
}

std::optional<Cause> CauseJournal::cause(CauseId id) const {
  const MutexLock lock(state_->mutex);
  if (!state_->causes.contains(id)) return std::nullopt;
  return state_->causes.cause(id);
}

CauseId CauseJournal::cause_of_number(Ticket number, TierPlace tier) const {
  const MutexLock lock(state_->mutex);
  return state_->causes.cause_of_number(number, tier);
}

std::vector<Cause> CauseJournal::causes_after(CauseId id, std::size_t most) const {
  std::vector<Cause> found;
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  if (id >= state.causes.next()) return found;
  const auto end = static_cast<std::uint64_t>(state.causes.next());
  auto at = std::max(static_cast<std::uint64_t>(id) + 1,
                     static_cast<std::uint64_t>(state.causes.oldest()));
  for (; at < end && found.size() < most; ++at) {
    if (state.causes.contains(CauseId{at})) found.push_back(state.causes.cause(CauseId{at}));
  }
  return found;
}

std::string CauseJournal::State::links(CauseId id) const {
  std::string text;
  for (std::size_t count = 0; id != CauseId::kNone; ++count) {
    if (!text.empty()) text += " <- ";
    if (count == limits::kCauseChain) return text + "...";
    if (!causes.contains(id)) return text + "(older than the journal)";
    const Cause cause = causes.cause(id);
    text += internal::link_text(cause.kind, cause.text);
    id = cause.parent;
  }
  return text;
}

std::string CauseJournal::chain(CauseId id) const {
  const MutexLock lock(state_->mutex);
  const bool is_invalidation =
      state_->causes.contains(id) && state_->causes.cause(id).kind == CauseKind::kInvalidate;
  return (is_invalidation ? "invalidated by " : "") + state_->links(id);
}

std::string CauseJournal::text(const Removal& removal, WallTime now, std::string_view tier) const {
  std::string text(to_string(removal.why));
  if (!tier.empty()) text.append(" in ").append(tier);
  if (removal.cause != CauseId::kNone) {
    const MutexLock lock(state_->mutex);
    text += " by " + state_->links(removal.cause) + ",";
  } else if (removal.number != Ticket{}) {
    text += " by (not in the journal),";
  }
  return text + " " + internal::age_text(removal.at, now) + " ago";
}

internal::CauseWindow CauseJournal::State::window(const CauseWindowSize& most) const {
  internal::CauseWindow window{.next = causes.next()};
  const std::uint64_t recorded = removals.recorded();
  std::uint64_t number = removals.oldest();
  if (recorded + 1 - number > most.removals) number = recorded + 1 - most.removals;
  std::set<CauseId> wanted;  // with all that they lead to
  const auto want = [&](CauseId id) STRATA_NO_ANALYSIS {
    while (causes.contains(id) && wanted.insert(id).second) id = causes.parent(id);
  };
  for (; number <= recorded; ++number) {
    window.removals.push_back(resolved(removals.removal(number)));
    // Numbers are the process's.
    window.removals.back().number = {};
    want(window.removals.back().cause);
  }
  const auto end = static_cast<std::uint64_t>(causes.next());
  auto last = end - std::min<std::uint64_t>(most.causes, end - 1);
  for (; last < end; ++last) want(CauseId{last});
  for (const CauseId id : wanted) {
    window.causes.push_back(causes.cause(id));
  }
  return window;
}

std::string CauseJournal::encode(const CauseWindowSize& most) const {
  internal::CauseWindow window;
  {
    const MutexLock lock(state_->mutex);
    window = state_->window(most);
  }
  return internal::encode_window(window);
}

Result<void> CauseJournal::decode(std::string_view bytes) {
  const Result<internal::CauseWindow> window = internal::decode_window(bytes);
  if (!window) return window.error();
  const MutexLock lock(state_->mutex);
  STRATA_ASSERT(state_->removals.recorded() == 0);
  state_->causes.restore(window->causes, window->next);
  for (const Removal& removal : window->removals) {
    state_->removals.record(removal);
  }
  state_->removals.set_former();
  return {};
}

CauseJournalStats CauseJournal::stats() const {
  const State& state = *state_;
  const MutexLock lock(state.mutex);
  const std::uint64_t recorded = state.removals.recorded();
  return {.removals = recorded + 1 - state.removals.oldest(),
          .causes = state.causes.count(),
          .removals_recorded = recorded - state.removals.former(),
          .causes_recorded = state.causes.begun()};
}

std::size_t CauseJournal::footprint_bytes() const {
  const MutexLock lock(state_->mutex);
  return sizeof(State) + state_->causes.footprint_bytes() + state_->removals.footprint_bytes();
}

void CauseJournal::check_invariants() const {
  const MutexLock lock(state_->mutex);
  state_->causes.check_invariants();
  state_->removals.check_invariants();
}

}  // namespace strata
