#include "tiered/periodic.h"

#include <cstddef>
#include <thread>
#include <utility>

#include "core/assert.h"
#include "core/mutex.h"

namespace strata::internal {

// A task of the timer or the executor holds the state while it runs, and may be the last to do so;
// a timer that ended there would end within its own thread. So the state only borrows both, and is
// not within them any more once end() has returned.
//
// Invariants, under the lock:
// (1) Until it is over, a wake-up is scheduled, or a task of the executor is posted or runs, which
//     schedules one at its end; or timer and executor have both refused.
// (2) One task is posted or runs at most.
struct Periodic::State : std::enable_shared_from_this<Periodic::State> {
  State(PeriodicPorts given, Duration every, Work what)
      : ports(std::move(given)), period(every), work(std::move(what)) {
    STRATA_ASSERT(ports.clock != nullptr);
    STRATA_ASSERT(ports.timer != nullptr);
    STRATA_ASSERT(ports.executor != nullptr);
    STRATA_ASSERT(period > Duration::zero());
  }

  // A task of the timer or the executor, unless it comes too late.
  template <typename Task>
  void run_task(const Task& task);
  // Returns whether a wake-up is scheduled now.
  bool schedule();
  void post();
  void wake();
  void run();
  void end();

  const PeriodicPorts ports;
  const Duration period;
  const Work work;
  Mutex mutex;
  CondVar changed;  // a task less is within
  bool over STRATA_GUARDED_BY(mutex) = false;
  bool scheduled STRATA_GUARDED_BY(mutex) = false;
  bool posted STRATA_GUARDED_BY(mutex) = false;       // or running
  std::size_t tasks STRATA_GUARDED_BY(mutex) = 0;     // that are within
  std::thread::id worker STRATA_GUARDED_BY(mutex){};  // that runs the work
};

template <typename Task>
void Periodic::State::run_task(const Task& task) {
  {
    const MutexLock lock(mutex);
    if (over) return;
    ++tasks;
  }
  task();
  const MutexLock lock(mutex);
  --tasks;
  changed.notify_all();
}

bool Periodic::State::schedule() {
  {
    const MutexLock lock(mutex);
    if (over || scheduled) return true;
    scheduled = true;
  }
  bool accepted = false;
  try {
    const Instant at = saturating_add(ports.clock->now(), period);
    accepted = ports.timer->schedule(at, [weak = weak_from_this()] {
      const std::shared_ptr<State> state = weak.lock();
      if (state) state->run_task([&] { state->wake(); });
    });
  } catch (...) {
    accepted = false;  // no memory for the task
  }
  if (accepted) return true;
  const MutexLock lock(mutex);
  scheduled = false;
  return false;
}

void Periodic::State::post() {
  {
    const MutexLock lock(mutex);
    if (over || posted) return;
    posted = true;
  }
  bool accepted = false;
  try {
    accepted = ports.executor->post([weak = weak_from_this()] {
      const std::shared_ptr<State> state = weak.lock();
      if (state) state->run_task([&] { state->run(); });
    });
  } catch (...) {
    accepted = false;
  }
  if (accepted) return;
  const MutexLock lock(mutex);
  posted = false;
}

void Periodic::State::wake() {
  {
    const MutexLock lock(mutex);
    scheduled = false;
  }
  static_cast<void>(schedule());
  post();
}

void Periodic::State::run() {
  {
    const MutexLock lock(mutex);
    worker = std::this_thread::get_id();
  }
  bool more = false;
  try {
    more = work();
  } catch (...) {
    more = false;
  }
  {
    const MutexLock lock(mutex);
    worker = {};
    posted = false;
  }
  // A timer that refused is asked again; while it refuses, nothing but this task would come back.
  static_cast<void>(schedule());
  if (more) post();
}

void Periodic::State::end() {
  const MutexLock lock(mutex);
  over = true;
  const bool is_within = worker == std::this_thread::get_id();
  while (tasks > (is_within ? 1u : 0u)) changed.wait(mutex);
}

Periodic::Periodic(PeriodicPorts ports, Duration period, Work work)
    : state_(std::make_shared<State>(std::move(ports), period, std::move(work))) {}

Periodic::~Periodic() { end(); }

void Periodic::start() {
  if (!state_->schedule()) state_->post();
}

void Periodic::end() { state_->end(); }

}  // namespace strata::internal
