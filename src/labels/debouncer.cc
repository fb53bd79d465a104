// Debouncing: when the next batch is due, who delivers it, and who wakes whom up for that.
#include "strata/labels/debouncer.h"

#include <thread>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"

namespace strata::internal {
namespace {

// When an executor takes no more, it is asked again after this, or after the window if longer.
constexpr Duration kRetry = std::chrono::milliseconds(10);

Duration spacing_of(double batches_per_second) {
  if (!(batches_per_second > 0)) return Duration::zero();
  const double ns = 1e9 / batches_per_second;
  return ns < 1e18 ? Duration(static_cast<std::int64_t>(ns)) : kForever;
}

// Whether there was memory for the item.
bool is_appended(const std::function<void()>& append) {
  try {
    if (append) append();
    return append != nullptr;
  } catch (...) {
    return false;
  }
}

// What is left to be done when the lock has been given back.
struct Step {
  bool post = false;
  bool retry = false;
  Instant wake_at = kNever;
};

}  // namespace

// Items are pending until a thread takes them as a batch; that thread is then the deliverer,
// until it has called `deliver`. It delivers on the executor, or within flush() and close(). That
// items were dropped is pending like an item, until a batch says it.
//
// Invariants, under the lock:
// (1) There is one deliverer at most, and only it takes items.
// (2) If something is pending, then there is a deliverer, or a task on its way to the executor, or
//     a wake-up at the time that it is due or before, or executor and timer have refused.
// (3) Once closed, nothing is appended, posted or scheduled.
// (4) Once over, tasks that still come find nothing to do, and no task is within.
//
// By (1) batches do not overlap and keep the order of their items. By (2) nothing is forgotten:
// whoever changes what is pending, or stops being the deliverer, plans the next step under the
// lock. After a refusal the next add(), flush() or close() does.
//
// A task holds the state while it runs, and may be the last to do so; an executor or timer that
// ended there would end within its own thread. So only the core owns them, and by (4) it lets go
// of them when no task uses them any more.
//
// Memory may run out wherever some is asked for: for an item, for a batch, for a task. An item is
// then dropped; a batch stays pending, and is tried again as if the executor had refused it; a
// task is refused. Who waits for a batch has no later: items for which flush() and close() have no
// memory are dropped, and the batch that says so needs none.
struct DebounceCore::State : std::enable_shared_from_this<DebounceCore::State> {
  State(DebounceOptions given, const DebouncePorts& ports, std::unique_ptr<DebounceQueue> items)
      : options(given),
        clock(ports.clock),
        timer(ports.timer.get()),
        executor(ports.executor.get()),
        queue(std::move(items)) {
    STRATA_ASSERT(clock != nullptr);
    STRATA_ASSERT(timer != nullptr);
    STRATA_ASSERT(executor != nullptr);
    STRATA_ASSERT(options.validate().ok());
  }

  bool add(const std::function<void()>& append);
  void flush();
  void close();
  // After close(): waits for the tasks within. Then timer and executor are not used any more.
  void end();

  [[nodiscard]] bool has_pending() const STRATA_REQUIRES(mutex) {
    return queue->size() > 0 || dropped > 0;
  }
  void drop_oldest() STRATA_REQUIRES(mutex);
  // Makes the caller the deliverer of a batch, unless there is no memory for it. Precondition:
  // there is no other deliverer.
  [[nodiscard]] bool take(Instant now) STRATA_REQUIRES(mutex);
  void take_or_drop(Instant now) STRATA_REQUIRES(mutex);
  // Delivers what was taken, and what a closed debouncer still has.
  void deliver();

  [[nodiscard]] Instant due_at() const STRATA_REQUIRES(mutex);
  [[nodiscard]] Step plan(Instant now) STRATA_REQUIRES(mutex);
  void carry_out(Step step);
  [[nodiscard]] bool post(bool even_if_early);
  [[nodiscard]] bool schedule(Instant at);
  // A task of the executor or the timer, unless it comes too late.
  template <typename Task>
  void run_task(Task task);
  void run_posted(bool even_if_early);
  void run_woken(Instant at);

  DebounceOptions options;
  const std::shared_ptr<Clock> clock;
  Timer* const timer;
  Executor* const executor;
  const std::unique_ptr<DebounceQueue> queue;
  Mutex mutex;
  CondVar changed;                              // there is no deliverer any more, or a task less
  Instant first_at STRATA_GUARDED_BY(mutex){};  // arrival of the oldest pending item
  Instant last_at STRATA_GUARDED_BY(mutex){};
  Instant next_batch_at STRATA_GUARDED_BY(mutex){};  // by the limit of the rate
  Instant wake_at STRATA_GUARDED_BY(mutex) = kNever;
  bool posted STRATA_GUARDED_BY(mutex) = false;
  bool closed STRATA_GUARDED_BY(mutex) = false;
  bool over STRATA_GUARDED_BY(mutex) = false;
  std::size_t tasks STRATA_GUARDED_BY(mutex) = 0;      // that are within
  std::thread::id deliverer STRATA_GUARDED_BY(mutex);  // none: {}
  bool delivers_in_task STRATA_GUARDED_BY(mutex) = false;
  std::uint64_t dropped STRATA_GUARDED_BY(mutex) = 0;  // since the last batch
  DebounceStats stats STRATA_GUARDED_BY(mutex);
};

void DebounceCore::State::drop_oldest() {
  queue->drop_oldest();
  ++stats.dropped;
  ++dropped;
}

bool DebounceCore::State::add(const std::function<void()>& append) {
  const Instant now = clock->now();
  Step step;
  {
    const MutexLock lock(mutex);
    if (closed) {
      ++stats.refused;
      return false;
    }
    if (!has_pending()) first_at = now;
    last_at = now;
    ++stats.added;
    if (!is_appended(append)) {
      ++stats.dropped;
      ++dropped;
    }
    while (queue->weight() > options.max_pending && queue->size() > 1) drop_oldest();
    step = plan(now);
  }
  carry_out(step);
  return true;
}

Instant DebounceCore::State::due_at() const {
  if (queue->size() >= options.max_batch) return next_batch_at;
  const Instant quiet = saturating_add(last_at, options.window);
  const Instant latest = saturating_add(first_at, options.max_delay);
  return std::max(std::min(quiet, latest), next_batch_at);
}

Step DebounceCore::State::plan(Instant now) {
  if (closed || !has_pending() || posted || deliverer != std::thread::id()) return {};
  const Instant due = due_at();
  if (due <= now) {
    posted = true;
    return {.post = true};
  }
  if (due >= wake_at) return {};
  wake_at = due;
  return {.wake_at = due};
}

void DebounceCore::State::carry_out(Step step) {
  if (step.post && !post(false)) step.retry = true;
  if (step.retry) {
    // Whoever comes next may try again at once; if nobody comes, the timer does.
    const Instant retry_at = saturating_add(clock->now(), std::max(options.window, kRetry));
    {
      const MutexLock lock(mutex);
      if (step.post) posted = false;
      if (closed || retry_at >= wake_at) return;
      wake_at = retry_at;
    }
    step.wake_at = retry_at;
  } else if (step.post || step.wake_at == kNever) {
    return;
  }
  if (schedule(step.wake_at)) return;
  {
    const MutexLock lock(mutex);
    if (wake_at == step.wake_at) wake_at = kNever;
    if (step.retry || posted) return;  // Neither takes anything.
    posted = true;
  }
  if (post(true)) return;
  const MutexLock lock(mutex);
  posted = false;
}

// The task itself takes memory.
bool DebounceCore::State::post(bool even_if_early) try {
  return executor->post([weak = weak_from_this(), even_if_early] {
    const std::shared_ptr<State> state = weak.lock();
    if (state != nullptr) state->run_task([&] { state->run_posted(even_if_early); });
  });
} catch (...) {
  return false;
}

bool DebounceCore::State::schedule(Instant at) try {
  return timer->schedule(at, [weak = weak_from_this(), at] {
    const std::shared_ptr<State> state = weak.lock();
    if (state != nullptr) state->run_task([&] { state->run_woken(at); });
  });
} catch (...) {
  return false;
}

template <typename Task>
void DebounceCore::State::run_task(Task task) {
  {
    const MutexLock lock(mutex);
    if (over) return;
    ++tasks;
  }
  struct Within {
    ~Within() {
      const MutexLock lock(state.mutex);
      --state.tasks;
      state.changed.notify_all();
    }
    State& state;
  } const within{*this};
  task();
}

void DebounceCore::State::run_woken(Instant at) {
  const Instant now = clock->now();
  Step step;
  {
    const MutexLock lock(mutex);
    if (wake_at == at) wake_at = kNever;
    step = plan(now);
  }
  carry_out(step);
}

// A flush may have taken what was due, and what is pending now may be due later. Without a timer
// there is no later.
void DebounceCore::State::run_posted(bool even_if_early) {
  const Instant now = clock->now();
  bool is_taken = false;
  Step step;
  {
    const MutexLock lock(mutex);
    posted = false;
    const bool is_free = has_pending() && deliverer == std::thread::id();
    if (is_free && (even_if_early || due_at() <= now)) {
      is_taken = take(now);
      delivers_in_task = is_taken;
      step.retry = !is_taken;
    } else {
      step = plan(now);
    }
  }
  if (is_taken) {
    deliver();
  } else {
    carry_out(step);
  }
}

bool DebounceCore::State::take(Instant now) {
  const std::size_t before = queue->size();
  try {
    queue->take(options.max_batch, dropped);
  } catch (...) {
    return false;
  }
  dropped = 0;
  deliverer = std::this_thread::get_id();
  next_batch_at = saturating_add(now, spacing_of(options.batches_per_second));
  stats.delivered += before - queue->size();
  ++stats.batches;
  return true;
}

void DebounceCore::State::take_or_drop(Instant now) {
  if (take(now)) return;
  while (queue->size() > 0) drop_oldest();
  const bool is_taken = take(now);
  STRATA_ASSERT(is_taken);
}

void DebounceCore::State::deliver() {
  Step step;
  for (bool has_more = true; has_more;) {
    bool failed = false;
    try {
      queue->deliver();
    } catch (...) {
      failed = true;
    }
    const Instant now = clock->now();
    const MutexLock lock(mutex);
    if (failed) ++stats.failures;
    has_more = closed && has_pending();
    if (has_more) {
      take_or_drop(now);
      continue;
    }
    deliverer = {};
    delivers_in_task = false;
    changed.notify_all();
    step = plan(now);
  }
  carry_out(step);
}

// That items were dropped may also be said with those that follow.
void DebounceCore::State::flush() {
  std::uint64_t until = 0;
  {
    const MutexLock lock(mutex);
    until = stats.added;
  }
  for (;;) {
    {
      const MutexLock lock(mutex);
      while (deliverer != std::thread::id()) {
        if (deliverer == std::this_thread::get_id()) return;
        changed.wait(mutex);
      }
      const bool is_said = dropped == 0 || queue->size() > 0;
      if (is_said && stats.added - queue->size() >= until) return;
      take_or_drop(clock->now());
    }
    deliver();
  }
}

void DebounceCore::State::close() {
  {
    const MutexLock lock(mutex);
    closed = true;
  }
  flush();
}

// A task that ends the debouncer from within `deliver` does not wait for itself.
void DebounceCore::State::end() {
  const MutexLock lock(mutex);
  over = true;
  const bool is_within = deliverer == std::this_thread::get_id() && delivers_in_task;
  while (tasks > (is_within ? 1 : 0)) changed.wait(mutex);
}

DebounceCore::DebounceCore(DebounceOptions options, DebouncePorts ports,
                           std::unique_ptr<DebounceQueue> queue)
    : ports_(std::move(ports)),
      state_(std::make_shared<State>(options, ports_, std::move(queue))) {}

DebounceCore::~DebounceCore() {
  state_->close();
  state_->end();
}

bool DebounceCore::add(const std::function<void()>& append) { return state_->add(append); }

// `deliver` may end the debouncer that calls it.
void DebounceCore::flush() {
  const std::shared_ptr<State> state = state_;
  state->flush();
}

void DebounceCore::close() {
  const std::shared_ptr<State> state = state_;
  state->close();
}

DebounceStats DebounceCore::stats() const {
  const MutexLock lock(state_->mutex);
  DebounceStats stats = state_->stats;
  stats.pending = state_->queue->size();
  return stats;
}

}  // namespace strata::internal
