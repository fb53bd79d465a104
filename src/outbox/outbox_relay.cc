// A poll reads a snapshot of the outbox, hands it over, and writes down how far it came.
//
// Nothing is written before the handler has returned, and the connection holds no lock and no
// transaction while the handler runs. What fails leaves the reader where it is, so that the next
// poll begins with the same rows.
//
// Polls take turns: one that runs is not a lock, but `is_polling`, so that the handler runs with
// no lock held, and close() can wait for its end.
#include "strata/outbox/outbox_relay.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"
#include "core/quote.h"
#include "outbox/reader.h"
#include "outbox/relay_options.h"
#include "ports/process.h"
#include "strata/core/value_type.h"
#include "strata/ports/thread.h"

namespace strata {
namespace {

using outbox::EventBatch;
using outbox::Reader;
using outbox::Snapshot;

// Between two looks at a locked database.
constexpr Duration kLockSlice = std::chrono::milliseconds(5);

// While nothing happens a reader shows that it is there so many times in `reader_timeout`, and at
// least once an hour.
constexpr int kSignsInTimeout = 4;
constexpr Duration kLongestSilence = std::chrono::hours(1);

template <typename Call>
Result<void> guarded(const Call& call) {
  const auto thrown = [](const std::string& what) {
    return Error{ErrorCode::kLoadFailed, "the outbox's handler threw: " + what,
                 std::current_exception()};
  };
  try {
    return call();
  } catch (const std::exception& error) {
    return thrown(error.what());
  } catch (...) {
    return thrown("something that is no std::exception");
  }
}

}  // namespace

struct OutboxRelay::State {
  State(OutboxRelayOptions given, OutboxHandler handlers, std::shared_ptr<Clock> time, LogSink sink)
      : options(std::move(given)),
        handler(std::move(handlers)),
        clock(std::move(time)),
        log(std::move(sink)),
        name("outbox " + std::filesystem::path(options.database).filename().string()),
        retry(options.poll),
        reader({.database = options.database,
                .name = options.reader,
                .batch_rows = options.batch_rows,
                .reader_timeout = options.reader_timeout,
                .wait_for_lock = [this](int tries) { return wait_for_lock(tries); }}) {}

  [[nodiscard]] Result<void> attach();
  [[nodiscard]] Result<OutboxPoll> take_turn(bool in_thread);
  void run();

  [[nodiscard]] bool wait_for_lock(int tries);
  [[nodiscard]] bool begin_turn(bool in_thread, Error& refusal);
  void end_turn();
  [[nodiscard]] Result<OutboxPoll> poll_caught();
  [[nodiscard]] Result<OutboxPoll> poll();
  [[nodiscard]] Result<void> hand_over(const Snapshot& snapshot, const EventBatch& batch);
  [[nodiscard]] Result<void> tell_gap(const OutboxGap& gap);
  [[nodiscard]] OutboxGap partial_gap(const Snapshot& snapshot, const EventBatch& batch) const;
  void note_lag(const Snapshot& snapshot, std::uint64_t rows, std::optional<WallTime> oldest_at);
  void note_failure(const Error& error);
  void note_success();

  const internal::Birthplace birthplace;
  const OutboxRelayOptions options;
  const OutboxHandler handler;
  const std::shared_ptr<Clock> clock;
  const LogSink log;
  const std::string name;

  Mutex closing;  // that a relay is closed once
  mutable Mutex mutex;
  CondVar changed;  // a turn ended, or the relay is to stop
  bool is_stopping STRATA_GUARDED_BY(mutex) = false;
  bool is_started STRATA_GUARDED_BY(mutex) = false;
  bool is_polling STRATA_GUARDED_BY(mutex) = false;
  OutboxStats stats STRATA_GUARDED_BY(mutex);
  OutboxLag lag STRATA_GUARDED_BY(mutex);

  // Of whoever polls.
  Duration retry;
  Reader reader;
  Instant seen_until{};           // when it is time for a sign of life
  bool has_old_rows = false;      // there is something to delete
  std::vector<OutboxTable> told;  // tables of which a gap was told, since they are not watched
  std::string logged;             // the error that was logged last; empty: all is well

  Thread thread;
};

// Finds out where the reader is. Where that is not possible now, it will be later, after a gap:
// another relay may have read in its name meanwhile.
Result<void> OutboxRelay::State::attach() {
  const Result<void> connected = reader.connect();
  if (connected) return {};
  if (reader.name_is_taken()) return connected;
  reader.owe_gap(OutboxGapReason::kLateStart);
  note_failure(connected.error());
  return {};
}

bool OutboxRelay::State::wait_for_lock(int tries) {
  if (tries >= options.busy_timeout / kLockSlice) return false;
  const MutexLock lock(mutex);
  // Something else may end the wait early: that makes one try shorter, no more.
  if (!is_stopping) changed.wait_for(mutex, kLockSlice);
  return !is_stopping;
}

bool OutboxRelay::State::begin_turn(bool in_thread, Error& refusal) {
  const MutexLock lock(mutex);
  while (is_polling && !is_stopping) changed.wait(mutex);
  if (is_stopping) {
    refusal = {ErrorCode::kClosed, name + " is closed", {}};
    return false;
  }
  if (is_started && !in_thread) {
    refusal = {ErrorCode::kRejected, name + " has a thread that polls it", {}};
    return false;
  }
  is_polling = true;
  return true;
}

void OutboxRelay::State::end_turn() {
  const MutexLock lock(mutex);
  is_polling = false;
  changed.notify_all();
}

// Throws nothing: in the relay's thread there is nobody who would catch it.
Result<OutboxPoll> OutboxRelay::State::take_turn(bool in_thread) try {
  Error refusal;
  if (!begin_turn(in_thread, refusal)) return refusal;
  struct Turn {
    ~Turn() { state.end_turn(); }
    State& state;
  } const turn{*this};
  Result<OutboxPoll> polled = poll_caught();
  if (polled) {
    note_success();
  } else {
    note_failure(polled.error());
  }
  return polled;
} catch (...) {
  return internal::error_of_exception(ErrorCode::kUnavailable, "a poll of an outbox");
}

// What threw may have left the connection within something.
Result<OutboxPoll> OutboxRelay::State::poll_caught() try { return poll(); } catch (...) {
  reader.disconnect();
  return internal::error_of_exception(ErrorCode::kUnavailable, "polling " + name);
}

Result<OutboxPoll> OutboxRelay::State::poll() {
  if (const Result<void> connected = reader.connect(); !connected) return connected.error();
  const bool is_sign_due = clock->now() >= seen_until;
  const Result<bool> has_changed = reader.has_changed();
  if (has_changed && !*has_changed && !is_sign_due && !has_old_rows) return OutboxPoll{};
  const Result<Snapshot> read = has_changed ? reader.read() : has_changed.error();
  if (!read) {
    // Another connection may see more, for instance that the outbox is gone.
    reader.disconnect();
    return read.error();
  }

  const Snapshot& snapshot = *read;
  note_lag(snapshot,
           snapshot.gap ? 0 : static_cast<std::uint64_t>(snapshot.highest - snapshot.position),
           snapshot.oldest_at);
  const EventBatch batch = outbox::to_events(snapshot.rows, name);
  if (const Result<void> handed = hand_over(snapshot, batch); !handed) return handed.error();

  const std::int64_t position =
      snapshot.rows.empty() ? snapshot.position : snapshot.rows.back().seq;
  const bool is_news = snapshot.gap || !snapshot.rows.empty();
  if (is_news || is_sign_due || has_old_rows) {
    const Result<bool> advanced = reader.advance(snapshot, position, clock->wall_now());
    if (!advanced) return advanced.error();
    has_old_rows = *advanced;
    const Duration silence = std::min(options.reader_timeout / kSignsInTimeout, kLongestSilence);
    seen_until = saturating_add(clock->now(), silence);
  }
  if (!snapshot.has_more) reader.settle(snapshot);
  note_lag(snapshot, static_cast<std::uint64_t>(snapshot.highest - position), snapshot.next_at);

  const MutexLock lock(mutex);
  stats.rows += snapshot.rows.size();
  stats.events += batch.events.size();
  if (is_news) ++stats.batches;
  return OutboxPoll{.rows = snapshot.rows.size(), .more = snapshot.has_more || has_old_rows};
}

// What was missed of some types only. `types` is empty if nothing was, and reason kNewReader.
OutboxGap OutboxRelay::State::partial_gap(const Snapshot& snapshot, const EventBatch& batch) const {
  OutboxGap gap{.reason = OutboxGapReason::kUnwatched, .types = batch.unknown_types};
  for (const OutboxTable& table : snapshot.lost) {
    const bool is_told = std::find(told.begin(), told.end(), table) != told.end();
    const bool is_there =
        std::find(gap.types.begin(), gap.types.end(), table.type) != gap.types.end();
    if (!is_told && !is_there) gap.types.push_back(table.type);
  }
  return gap;
}

Result<void> OutboxRelay::State::hand_over(const Snapshot& snapshot, const EventBatch& batch) {
  OutboxGap gap = partial_gap(snapshot, batch);
  const bool is_partial = !gap.types.empty();
  if (snapshot.gap) {
    gap = {.reason = *snapshot.gap, .types = {}};
  } else if (batch.has_unknown_type) {
    gap.types.clear();
  }
  if (snapshot.gap || batch.has_unknown_type || is_partial) {
    if (const Result<void> told_gap = tell_gap(gap); !told_gap) return told_gap;
  }
  const bool is_same = told == snapshot.lost;
  told = snapshot.lost;
  if (!is_same) {
    const MutexLock lock(mutex);
    stats.unwatched.clear();
    for (const OutboxTable& table : told) stats.unwatched.push_back(table.table);
  }
  for (const OutboxTable& table : told) {
    if (is_same || !log) continue;
    log(LogLevel::kWarning, name + ": the triggers of table " + internal::quoted(table.table) +
                                " are gone, so its changes go unnoticed; `strata outbox install`"
                                " makes them again");
  }
  if (batch.events.empty()) return {};
  return guarded([&] { return handler.events(batch.events); });
}

Result<void> OutboxRelay::State::tell_gap(const OutboxGap& gap) {
  const Result<void> told_gap = guarded([&] { return handler.gap(gap); });
  if (!told_gap) return told_gap;
  const MutexLock lock(mutex);
  ++stats.gaps;
  return {};
}

void OutboxRelay::State::note_lag(const Snapshot& snapshot, std::uint64_t rows,
                                  std::optional<WallTime> oldest_at) {
  OutboxLag now{.rows = snapshot.gap ? 0 : rows, .age = Duration::zero()};
  if (now.rows > 0 && oldest_at) {
    const std::int64_t ms = clock->wall_now().unix_ms - oldest_at->unix_ms;
    now.age = std::chrono::milliseconds(std::max<std::int64_t>(ms, 0));
  }
  const MutexLock lock(mutex);
  lag = now;
}

void OutboxRelay::State::note_failure(const Error& error) {
  {
    const MutexLock lock(mutex);
    if (is_stopping) return;
    ++stats.failures;
    stats.error = error.message;
  }
  if (logged == error.message) return;
  if (log) log(LogLevel::kWarning, name + ": " + error.message + "; it is tried again");
  logged = error.message;
}

void OutboxRelay::State::note_success() {
  {
    const MutexLock lock(mutex);
    stats.error.clear();
  }
  if (logged.empty()) return;
  logged.clear();
  if (log) log(LogLevel::kInfo, name + " is read again");
}

void OutboxRelay::State::run() {
  while (true) {
    const Result<OutboxPoll> polled = take_turn(true);
    if (polled) {
      retry = options.poll;
      if (polled->more) continue;
    } else {
      retry = std::min(2 * retry, options.retry_max);
    }
    const MutexLock lock(mutex);
    if (is_stopping) return;
    changed.wait_for(mutex, retry);
    if (is_stopping) return;
  }
}

OutboxRelay::OutboxRelay(std::unique_ptr<State> state) : state_(std::move(state)) {}
OutboxRelay::~OutboxRelay() {
  if (state_->birthplace.is_here()) {
    close();
  } else {
    internal::keep_for_ever(std::shared_ptr<State>(std::move(state_)));
  }
}

Result<std::unique_ptr<OutboxRelay>> OutboxRelay::open(OutboxRelayOptions options,
                                                       OutboxHandler handler,
                                                       std::shared_ptr<Clock> clock,
                                                       LogSink log) try {
  if (const Result<void> checked = outbox::check_options(options, handler); !checked)
    return checked.error();
  auto state = std::make_unique<State>(std::move(options), std::move(handler), std::move(clock),
                                       std::move(log));
  if (const Result<void> attached = state->attach(); !attached) return attached.error();
  return std::unique_ptr<OutboxRelay>(new OutboxRelay(std::move(state)));
} catch (...) {
  return internal::error_of_exception(ErrorCode::kUnavailable, "opening an outbox");
}

void OutboxRelay::start() {
  {
    const MutexLock lock(state_->mutex);
    STRATA_ASSERT(!state_->is_started);
    STRATA_ASSERT(!state_->is_stopping);
    state_->is_started = true;
  }
  state_->thread = Thread("strata-outbox", [state = state_.get()] { state->run(); });
}

Result<OutboxPoll> OutboxRelay::poll_once() {
  if (!state_->birthplace.is_here()) return internal::forked_error("the outbox's relay");
  return state_->take_turn(false);
}

OutboxLag OutboxRelay::lag() const {
  const MutexLock lock(state_->mutex);
  return state_->lag;
}

OutboxStats OutboxRelay::stats() const {
  const MutexLock lock(state_->mutex);
  return state_->stats;
}

void OutboxRelay::close() {
  if (!state_->birthplace.is_here()) return;
  const MutexLock closing(state_->closing);
  {
    const MutexLock lock(state_->mutex);
    state_->is_stopping = true;
    state_->changed.notify_all();
    while (state_->is_polling) state_->changed.wait(state_->mutex);
  }
  if (state_->thread.joinable()) state_->thread.join();
  state_->reader.close();
}

}  // namespace strata
