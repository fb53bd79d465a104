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
//     its id, its key's hash, its number. So an overwritten cause or removal is never taken for
//     another one.
struct CauseJournal::State {
  explicit State(const CauseJournalOptions& options)
      : causes(options.causes), removals(options.removals) {}

  // The cause and what caused it, to the root.
  std::string links(CauseId id) const STRATA_REQUIRES(mutex);
  internal::CauseWindow window(std::size_t removals_most) const STRATA_REQUIRES(mutex);

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

void CauseJournal::set_number(CauseId cause, Ticket number) {
  const MutexLock lock(state_->mutex);
  state_->causes.set_number(cause, number);
}

void CauseJournal::record(const Removal& removal) { record_many({&removal, 1}); }

void CauseJournal::record_many(std::span<const Removal> removals) {
  const MutexLock lock(state_->mutex);
  for (const Removal& removal : removals) {
    const bool is_ours = removal.cause < state_->causes.next();
    state_->removals.record(removal, is_ours ? removal.cause : CauseId::kNone);
  }
}

std::optional<Removal> CauseJournal::last(std::uint64_t key_hash) const {
  const MutexLock lock(state_->mutex);
  std::optional<Removal> last;
  state_->removals.for_each(key_hash, [&](const Removal& removal) {
    last = removal;
    return false;
  });
  return last;
}

std::vector<Removal> CauseJournal::history(std::uint64_t key_hash, std::size_t most) const {
  std::vector<Removal> found;
  if (most == 0) return found;
  const MutexLock lock(state_->mutex);
  state_->removals.for_each(key_hash, [&](const Removal& removal) {
    found.push_back(removal);
    return found.size() < most;
  });
  return found;
}

MissReason CauseJournal::classify(std::uint64_t key_hash) const {
  const std::optional<Removal> removal = last(key_hash);
  return removal ? miss_reason_of(removal->why) : MissReason::kCold;
}

std::optional<Cause> CauseJournal::cause(CauseId id) const {
  const MutexLock lock(state_->mutex);
  if (!state_->causes.contains(id)) return std::nullopt;
  return state_->causes.cause(id);
}

CauseId CauseJournal::cause_of_number(Ticket number) const {
  const MutexLock lock(state_->mutex);
  return state_->causes.cause_of_number(number);
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

std::string CauseJournal::text(const Removal& removal, WallTime now) const {
  std::string text(to_string(removal.why));
  if (removal.cause != CauseId::kNone) {
    const MutexLock lock(state_->mutex);
    text += " by " + state_->links(removal.cause) + ",";
  }
  return text + " " + internal::age_text(removal.at, now) + " ago";
}

internal::CauseWindow CauseJournal::State::window(std::size_t removals_most) const {
  internal::CauseWindow window{.next = causes.next()};
  const std::uint64_t recorded = removals.recorded();
  std::uint64_t number = removals.oldest();
  if (recorded + 1 - number > removals_most) number = recorded + 1 - removals_most;
  std::set<CauseId> wanted;
  for (; number <= recorded; ++number) {
    window.removals.push_back(removals.removal(number));
    CauseId id = window.removals.back().cause;
    while (causes.contains(id) && wanted.insert(id).second) id = causes.parent(id);
  }
  for (const CauseId id : wanted) {
    window.causes.push_back(causes.cause(id));
  }
  return window;
}

std::string CauseJournal::encode(std::size_t removals_most) const {
  internal::CauseWindow window;
  {
    const MutexLock lock(state_->mutex);
    window = state_->window(removals_most);
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
    state_->removals.record(removal, removal.cause);
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
