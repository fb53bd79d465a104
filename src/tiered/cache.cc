// Cache: assembly, keyspaces, background tasks, closing.
#include "strata/tiered/cache.h"

#include <algorithm>
#include <span>
#include <stdexcept>

#include "core/assert.h"
#include "core/mutant.h"
#include "core/yield_point.h"
#include "tiered/paths.h"

namespace strata {
namespace {

// The wheel of the memory tier turns once in half a second: what ends leaves within two periods.
constexpr Duration kExpiryPeriod = std::chrono::milliseconds(500);
// Removed by one task of the executor; then others get their turn.
constexpr std::size_t kExpiredAtOnce = 4'096;
// Between two looks at the clock while close() waits.
constexpr Duration kLongestWait = std::chrono::milliseconds(20);

MemoryPressureOptions with_machine(MemoryPressureOptions options) {
  if (options.share > 0 && !options.machine) options.machine = system_memory();
  return options;
}

}  // namespace

Cache::State::State(CacheParts parts)
    : options(std::move(parts.options)),
      hot(std::move(parts.hot)),
      tiers(std::move(parts.tiers)),
      clock(std::move(parts.clock)),
      executor(std::move(parts.executor)),
      timer(parts.timer ? std::move(parts.timer) : system_timer(clock)),
      keys(std::move(parts.keys)),
      shared_causes(std::make_shared<internal::Causes>(options.causes, tiers.size(), *clock)),
      events({.clock = clock, .log = options.log, .timer = timer, .executor = executor}),
      running([this] { return read_positions(); }),
      dependencies([this](std::span<const Label> labels) { announce(labels); }),
      journal_store_(std::move(parts.journal)),
      rules_(options.rules),
      expiry({clock, timer.get(), executor.get()}, kExpiryPeriod,
             [this] { return hot->remove_due(kExpiredAtOnce) == kExpiredAtOnce; }),
      pressure(with_machine(std::move(parts.pressure)), {clock, timer.get(), executor.get()}, *hot,
               [this](LogLevel level, std::string message) { log(level, std::move(message)); }) {
  STRATA_ASSERT(hot != nullptr);
  STRATA_ASSERT(clock != nullptr);
  STRATA_ASSERT(executor != nullptr);
  STRATA_ASSERT(tiers.size() <= kMaxLowerTiers);
}

Cache::State::~State() = default;

void Cache::State::announce(std::span<const Label> labels) {
  if (is_closed()) throw std::runtime_error(closed_error().message);
  const internal::CauseScope::Text text = [] { return std::string("a new edge"); };
  const internal::CauseScope scope(causes, CauseKind::kDependency, text);
  (void)internal::invalidate_everywhere(*this, labels);
}

Tickets Cache::State::read_positions() const {
  Tickets tickets;
  tickets.hot = hot->position();
  for (std::size_t i = 0; i < tiers.size(); ++i) tickets.lower[i] = tiers[i]->position();
  return tickets;
}

bool Cache::State::post(const std::function<void()>& task) {
  if (!birthplace.is_here()) return false;
  {
    const MutexLock lock(tasks_mutex_);
    // What is posted later could outlive the cache, and let the executor go in its own thread.
    if (closed.load(std::memory_order_relaxed)) return false;
    ++tasks_;
  }
  const auto finish = [this] {
    const MutexLock lock(tasks_mutex_);
    --tasks_;
    tasks_done_.notify_all();
  };
  bool accepted = false;
  try {
    accepted = executor->post([this, task = std::function<void()>(task), finish]() mutable {
      const bool noted = begin_work();
      run_guarded(task);
      task = nullptr;  // what it holds goes before close() is told
      if (noted) end_work();
      finish();
    });
  } catch (...) {
    accepted = false;
  }
  if (!accepted) finish();
  return accepted;
}

bool Cache::State::begin_work() noexcept try {
  const MutexLock lock(tasks_mutex_);
  workers_.push_back(std::this_thread::get_id());
  return true;
} catch (...) {
  return false;  // No memory: only who ends the cache within this task would notice.
}

void Cache::State::end_work() {
  const MutexLock lock(tasks_mutex_);
  workers_.erase(std::find(workers_.begin(), workers_.end(), std::this_thread::get_id()));
}

// What it throws must reach neither the executor nor close(), which waits for it.
void Cache::State::run_guarded(const std::function<void()>& task) noexcept try {
  try {
    task();
  } catch (...) {
    note_failure("cache", "working in the background",
                 internal::error_of_exception(ErrorCode::kUnavailable, "a task"));
  }
} catch (...) {
  tier_errors.add(1);  // No memory to say so.
}

bool Cache::State::begin_close() {
  const MutexLock lock(tasks_mutex_);
  return !closed.exchange(true, std::memory_order_acq_rel);
}

void Cache::State::before_close(std::function<void()> end) {
  {
    const MutexLock lock(tasks_mutex_);
    if (!closed.load(std::memory_order_relaxed)) {
      before_close_.push_back(std::move(end));
      return;
    }
  }
  end();
}

void Cache::State::end_feeders() {
  std::vector<std::function<void()>> ends;
  {
    const MutexLock lock(tasks_mutex_);
    ends.swap(before_close_);
  }
  for (const std::function<void()>& end : ends) end();
}

bool Cache::State::wait_for_tasks(Deadline deadline) {
  const MutexLock lock(tasks_mutex_);
  const auto own = static_cast<std::size_t>(
      std::count(workers_.begin(), workers_.end(), std::this_thread::get_id()));
  while (tasks_ > own) {
    if (deadline.at == kNever) {
      tasks_done_.wait(tasks_mutex_);
      continue;
    }
    const Duration left = between(clock->now(), deadline.at);
    if (left <= Duration(0)) break;
    // The clock need not be the one by which threads wait.
    tasks_done_.wait_for(tasks_mutex_, std::min<Duration>(left, kLongestWait));
  }
  given_up_ = tasks_ > 0;
  return tasks_ == 0;
}

bool Cache::State::is_given_up() const {
  const MutexLock lock(tasks_mutex_);
  return given_up_ && tasks_ > 0;
}

Error Cache::State::closed_error() const {
  if (!birthplace.is_here()) return internal::forked_error("the cache");
  return {ErrorCode::kClosed, "the cache is closed", {}};
}

void Cache::State::log(LogLevel level, std::string message) {
  if (!options.log) return;
  KeyTurns::after_turn([state = shared_from_this(), level, message = std::move(message)] {
    state->options.log(level, message);
  });
}

void Cache::State::note_failure(std::string_view tier, std::string_view doing, const Error& error) {
  tier_errors.add(1);
  if (!options.log) return;
  auto line = failures.line(tier, doing, error, clock->coarse_now());
  if (line) log(LogLevel::kWarning, std::move(*line));
}

namespace {

// The variant that spills what memory evicts, with a ticket of that moment.
void spill(Cache::State& state, const Entry& entry) {
  STRATA_YIELD("tiered.spill");
  if (state.tiers.empty() || entry.group() == nullptr) return;
  std::shared_ptr<internal::KeyspaceState> keyspace;
  {
    const MutexLock lock(state.keyspaces_mutex);
    for (const auto& [name, open] : state.keyspaces) {
      if (&open->group == entry.group()) keyspace = open;
    }
  }
  if (!keyspace) return;
  const Result<Record> record = internal::record_of(entry, *keyspace);
  Tier& tier = *state.tiers.front();
  if (record) (void)tier.fill(*record, tier.position(), {});
}

}  // namespace

// Within a turn the entry is held until after it: the destructor of its value may call the cache
// too.
void Cache::State::note_removal(const EntryRef& entry, RemovalCause cause, Ticket earlier) {
  causes.note(*entry, cause, earlier);
  if constexpr (testing::kMutantsBuilt) {
    if (cause == RemovalCause::kEvicted && STRATA_MUTANT(kSpillOnEviction)) spill(*this, *entry);
  }
  if (!KeyTurns::in_turn()) {
    if (options.on_removal) options.on_removal(entry, cause);
    return;
  }
  try {
    KeyTurns::after_turn([state = shared_from_this(), entry, cause] {
      if (state->options.on_removal) state->options.on_removal(entry, cause);
    });
  } catch (const std::bad_alloc&) {
    return;  // nobody is told
  }
}

Cache::Cache(CacheParts parts) : state_(std::make_shared<State>(std::move(parts))) {
  state_->hot->set_removal_listener(
      [state = state_.get()](const EntryRef& entry, RemovalCause cause, Ticket earlier) {
        state->note_removal(entry, cause, earlier);
      });
  state_->load_journal();
  for (std::size_t depth = 0; depth < state_->tiers.size(); ++depth) {
    state_->tiers[depth]->set_removal_listener([causes = state_->shared_causes,
                                                clock = state_->clock,
                                                depth](std::span<const RecordRemoval> removals) {
      static_cast<void>(clock);  // which the causes read
      causes->note_below(depth, removals);
    });
    internal::follow_others(*state_, *state_->tiers[depth]);
  }
  state_->expiry.start();
  state_->pressure.start();
}

// What still runs, or belongs to another process, is neither waited for nor taken away: it stays
// as it is until the process ends.
void Cache::end() {
  if (!state_) return;
  if (state_->birthplace.is_here() && !state_->is_given_up()) close();
  if (state_->birthplace.is_here() && !state_->is_given_up()) return;
  internal::keep_for_ever(std::move(state_));
}

Cache::~Cache() { end(); }

Cache::Cache(Cache&&) noexcept = default;

Cache& Cache::operator=(Cache&& other) noexcept {
  if (this != &other) {
    end();
    state_ = std::move(other.state_);
  }
  return *this;
}

using internal::Change;
using internal::change_checked;

InvalidationResult internal::change_checked(Cache::State& state, std::span<const Label> labels,
                                            Change change) {
  InvalidationResult refused;
  if (state.is_closed()) {
    refused.error = internal::shared_error(state.closed_error());
    return refused;
  }
  for (const Label& label : labels) {
    if (Result<void> valid = label.validate(); !valid) {
      refused.error = internal::shared_error(valid.error());
      return refused;
    }
  }
  return internal::caught_removal(
      [&] { return internal::change_everywhere(state, labels, change); });
}

namespace {

Result<void> flush_tiers(Cache::State& state, Deadline deadline) {
  if (!state.birthplace.is_here()) return state.closed_error();
  for (const auto& tier : state.tiers) {
    if (Result<void> flushed = tier->flush(deadline); !flushed) return flushed;
  }
  state.save_journal();
  return {};
}

}  // namespace

InvalidationResult Cache::invalidate(std::span<const Label> labels) {
  return change_checked(*state_, labels, Change::kInvalidate);
}

Async<InvalidationResult> Cache::invalidate_async(Labels labels) {
  return internal::on_executor<InvalidationResult>(
      state_, [labels = std::move(labels)](State& state) {
        return change_checked(state, labels, Change::kInvalidate);
      });
}

InvalidationResult Cache::invalidate(const Label& label) {
  return invalidate(std::span(&label, 1));
}

InvalidationResult Cache::invalidate(std::initializer_list<Label> labels) {
  return invalidate(std::span(labels.begin(), labels.size()));
}

InvalidationResult Cache::expire(std::span<const Label> labels) {
  return change_checked(*state_, labels, Change::kExpire);
}

Async<InvalidationResult> Cache::expire_async(Labels labels) {
  return internal::on_executor<InvalidationResult>(
      state_, [labels = std::move(labels)](State& state) {
        return change_checked(state, labels, Change::kExpire);
      });
}

InvalidationResult Cache::expire(const Label& label) { return expire(std::span(&label, 1)); }

InvalidationResult Cache::expire(std::initializer_list<Label> labels) {
  return expire(std::span(labels.begin(), labels.size()));
}

InvalidationResult Cache::clear() { return invalidate(everything()); }

std::uint64_t Cache::remove_expired() {
  if (!state_->birthplace.is_here()) return 0;
  std::uint64_t removed = state_->hot->remove_expired();
  for (const auto& tier : state_->tiers) {
    const Result<std::uint64_t> gone = tier->remove_expired({});
    if (gone) {
      removed += *gone;
    } else {
      state_->note_failure(tier->name(), "removing expired records", gone.error());
    }
  }
  return removed;
}

Result<void> Cache::flush(Deadline deadline) { return flush_tiers(*state_, deadline); }

Async<Result<void>> Cache::flush_async(Deadline deadline) {
  return internal::on_executor<Result<void>>(
      state_, [deadline](State& state) { return flush_tiers(state, deadline); });
}

HotTier& Cache::hot_tier() { return *state_->hot; }

std::vector<Tier*> Cache::lower_tiers() {
  std::vector<Tier*> tiers;
  for (const auto& tier : state_->tiers) tiers.push_back(tier.get());
  return tiers;
}

void Cache::close(Deadline deadline) {
  if (!state_->birthplace.is_here()) return;
  state_->end_feeders();
  const bool was_open = state_->begin_close();
  if (was_open) {
    state_->end_feeders();  // who came meanwhile
    std::vector<std::shared_ptr<Source>> open = sources();
    for (const std::shared_ptr<Source>& source : open) source->close();
  }
  state_->expiry.end();
  state_->pressure.end();
  state_->events.close();
  // A load that takes all the time there is leaves none to write what was accepted before.
  if (was_open && deadline.at != kNever) (void)flush_tiers(*state_, deadline);
  (void)state_->wait_for_tasks(deadline);
  if (was_open) {
    // What is still to be removed is told before it is written, and that while nobody else can have
    // the file that it lies beside.
    state_->settle_journal(deadline);
    state_->save_journal();
  }
  for (const auto& tier : state_->tiers) tier->close(deadline);
}

}  // namespace strata
