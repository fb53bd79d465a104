// SharedTier: the thread that reads what the other processes invalidated, and tells it.
#include <algorithm>
#include <new>
#include <utility>

#include "core/mutant.h"
#include "sqlite/shared_tier.h"

namespace strata::sqlite {
namespace {

constexpr Duration kMaxStaleness = std::chrono::seconds(2);
constexpr std::size_t kLogPage = 1'000;

void raise_to(std::atomic<std::uint64_t>& value, std::uint64_t least) {
  std::uint64_t now = value.load();
  while (now < least && !value.compare_exchange_weak(now, least)) {
  }
}

}  // namespace

void SharedTier::notice(const SharedState& state) {
  if (STRATA_MUTANT(kSharedTicketAhead)) raise_to(position_, number(state.position));
  if (state.log_end <= log_end_.load()) return;
  raise_to(log_end_, state.log_end);
  const MutexLock lock(mutex_);
  is_woken_ = true;
  wake_.notify_one();
}

void SharedTier::advance(std::uint64_t told, const SharedState& state) {
  told_ = std::max(told_, told);
  raise_to(log_end_, told_);
  if (told_ >= state.log_end) raise_to(position_, number(state.position));
  told_more_.notify_all();
}

void SharedTier::catch_up(std::uint64_t log_end, int milliseconds) {
  const MutexLock lock(mutex_);
  if (told_ >= log_end || self_ == std::this_thread::get_id()) return;
  // It may have failed when it was woken before.
  is_woken_ = true;
  wake_.notify_one();
  for (int pauses = 0; pauses < milliseconds && told_ < log_end && !stops_; ++pauses) {
    static_cast<void>(told_more_.wait_for(mutex_, std::chrono::milliseconds(1)));
  }
}

void SharedTier::wrote(const Turn& turn) {
  SharedState state = turn.state;
  state.position = Ticket{turn.meta.position};
  {
    const MutexLock lock(mutex_);
    if (!turn.is_of_all && told_ >= turn.log_began) return advance(state.log_end, state);
  }
  // Something of others comes before it.
  notice(state);
}

void SharedTier::set_invalidation_listener(InvalidationListener listener) {
  const MutexLock lock(listener_mutex_);
  listener_ = std::move(listener);
}

void SharedTier::run() {
  {
    const MutexLock lock(mutex_);
    self_ = std::this_thread::get_id();
  }
  for (;;) {
    {
      const MutexLock lock(mutex_);
      if (!stops_ && !is_woken_) {
        static_cast<void>(wake_.wait_for(mutex_, std::max(options_.sharing_poll, Duration{1})));
      }
      is_woken_ = false;
      if (stops_) return;
    }
    try {
      poll();
      keep_house();
    } catch (const std::bad_alloc&) {
      condition_.count_error();
    }
  }
}

void SharedTier::tell(const Labels& labels, bool expires) {
  const MutexLock lock(listener_mutex_);
  if (listener_ && !labels.empty()) listener_(labels, expires);
}

void SharedTier::poll() {
  try {
    for (;;) {
      const Result<bool> more = poll_some();
      if (!more) break;
      if (!*more) {
        confirmed_ = clock_->now();
        return;
      }
    }
  } catch (const std::bad_alloc&) {
    condition_.count_error();
  }
  // Nobody knows what the others did meanwhile.
  if (between(confirmed_, clock_->now()) < kMaxStaleness) return;
  confirmed_ = clock_->now();
  tell(all_, false);
}

// Others' invalidations that are in no log, since nobody could write it.
void SharedTier::tell_demands() {
  const std::uint64_t demanded = opened_.control->demanded();
  if (demanded == demands_told_) return;
  tell(all_, false);
  demands_told_ = demanded;
}

// Reads one page of the log and tells it. Returns whether there is more.
Result<bool> SharedTier::poll_some() {
  tell_demands();
  std::uint64_t told = 0;
  {
    const MutexLock lock(mutex_);
    told = told_;
  }
  SharedState state;
  std::vector<SharedChange> changes;
  {
    const Deadline deadline{saturating_add(clock_->now(), options_.sharing_poll)};
    Result<Readers::Lease> reader = opened_.store->readers().borrow(deadline);
    if (!reader) return reader.error();
    Result<SharedRows*> rows = (*reader)->shared();
    if (!rows) return rows.error();
    int code = (*reader)->begin();
    if (code == SQLITE_OK) code = (*rows)->read(state);
    if (code == SQLITE_OK && state.log_end > told) {
      code = (*rows)->read_log(told, kLogPage, changes);
    }
    if (code == SQLITE_OK) code = (*reader)->end();
    if (code != SQLITE_OK) return failed(*reader, code);
  }
  if (state.log_end > told) {
    told = tell_changes(changes, told, state.log_end);
  }
  const MutexLock lock(mutex_);
  advance(told, state);
  return told_ < state.log_end;
}

// Returns up to where it came. Nothing counts as told before it is, so that after a failure in
// between it is told again.
std::uint64_t SharedTier::tell_changes(const std::vector<SharedChange>& changes, std::uint64_t told,
                                       std::uint64_t log_end) {
  if (changes.empty() || changes.front().id != told + 1) {
    // The log was cut before it was read.
    tell(all_, false);
    return log_end;
  }
  Labels labels;
  bool expires = false;
  for (const SharedChange& change : changes) {
    if (change.origin == opened_.origin) continue;
    if (change.expires != expires) {
      tell(labels, expires);
      labels.clear();
      expires = change.expires;
    }
    labels.push_back(change.label);
  }
  tell(labels, expires);
  return changes.back().id;
}

}  // namespace strata::sqlite
