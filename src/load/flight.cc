// Flights and the table that joins their callers.
#include "strata/load/flight.h"

#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/assert.h"
#include "core/mutex.h"

namespace strata {

using ThreadId = decltype(std::this_thread::get_id());

// Invariants:
// (1) `result` is set once, together with `done`, and never changes afterwards.
// (2) A continuation is either in `continuations`, before done, or has been called, once.
struct Flight::State {
  std::string key_text;
  std::string long_params;
  std::uint64_t key_hash = 0;
  bool joinable = true;

  mutable Mutex mutex;
  CondVar completed;
  bool done STRATA_GUARDED_BY(mutex) = false;
  bool overtaken STRATA_GUARDED_BY(mutex) = false;
  bool claimed STRATA_GUARDED_BY(mutex) = false;
  ThreadId runner STRATA_GUARDED_BY(mutex);
  std::size_t waiters STRATA_GUARDED_BY(mutex) = 0;
  std::vector<std::function<void()>> continuations STRATA_GUARDED_BY(mutex);
  FlightResult result STRATA_GUARDED_BY(mutex);
};

Flight::Flight(KeyRef key, const Tickets& tickets, Instant started)
    : tickets_(tickets), started_(started), state_(std::make_unique<State>()) {
  state_->key_text = key.text;
  state_->long_params = key.long_params;
  state_->key_hash = key.hash;
}

Flight::~Flight() = default;

KeyRef Flight::key() const { return {state_->key_text, state_->key_hash, state_->long_params}; }

bool Flight::claim() {
  const MutexLock lock(state_->mutex);
  return !std::exchange(state_->claimed, true);
}

void Flight::set_runner() {
  const MutexLock lock(state_->mutex);
  state_->runner = std::this_thread::get_id();
}

void Flight::complete(FlightResult result) {
  std::vector<std::function<void()>> continuations;
  {
    const MutexLock lock(state_->mutex);
    STRATA_ASSERT(!state_->done);
    state_->result = std::move(result);
    state_->done = true;
    state_->runner = ThreadId();
    continuations = std::move(state_->continuations);
    state_->completed.notify_all();
  }
  for (const std::function<void()>& then : continuations) then();
}

bool Flight::done() const {
  const MutexLock lock(state_->mutex);
  return state_->done;
}

const FlightResult& Flight::result() const {
  const MutexLock lock(state_->mutex);
  STRATA_ASSERT(state_->done);
  return state_->result;  // (1): it does not change any more
}

bool Flight::then(std::function<void()> then, std::size_t max_waiters) {
  {
    const MutexLock lock(state_->mutex);
    if (!state_->done) {
      if (max_waiters != kLeads && state_->waiters >= max_waiters) return false;
      state_->continuations.push_back(std::move(then));
      if (max_waiters != kLeads) ++state_->waiters;
      return true;
    }
  }
  then();
  return true;
}

// Who waits for what, so that a wait that cannot end is refused before it begins.
//
// Terms: a flight's runner is the thread that runs its loader; a thread waits for at most one
// flight. Following "runner of the flight waits for the flight ..." from a flight ends at a
// thread that does not wait, or comes back to the asking thread: then waiting would never end.
// `waiting` changes only under `mutex`, and is entered in the same step as the walk, so of two
// threads that would wait for each other the second one sees the first.
//
// Lock order: FlightTable's mutex, then a Flight's.
struct FlightTable::State {
  mutable Mutex mutex;
  std::unordered_map<std::uint64_t, std::vector<std::shared_ptr<Flight>>> flights
      STRATA_GUARDED_BY(mutex);
  std::unordered_map<ThreadId, const Flight*> waiting STRATA_GUARDED_BY(mutex);
};

FlightTable::FlightTable() : state_(std::make_unique<State>()) {}
FlightTable::~FlightTable() = default;

FlightTable::Start FlightTable::join_or_begin(KeyRef key, Instant now, Duration lease,
                                              const std::function<Tickets()>& take_tickets) {
  const auto find = [&]() STRATA_NO_ANALYSIS -> std::shared_ptr<Flight>* {
    const auto bucket = state_->flights.find(key.hash);
    if (bucket == state_->flights.end()) return nullptr;
    for (std::shared_ptr<Flight>& flight : bucket->second) {
      const KeyRef other = flight->key();
      if (other.text == key.text && other.long_params == key.long_params) return &flight;
    }
    return nullptr;
  };
  const auto usable = [&](const std::shared_ptr<Flight>* found) {
    return found != nullptr && between((*found)->started(), now) < lease;
  };
  {
    const MutexLock lock(state_->mutex);
    if (auto* found = find(); usable(found)) return {*found, false};
  }
  const Tickets tickets = take_tickets();
  auto flight = std::make_shared<Flight>(key, tickets, now);
  const MutexLock lock(state_->mutex);
  if (auto* found = find(); found != nullptr) {
    if (usable(found)) return {*found, false};
    {
      const MutexLock flight_lock((*found)->state_->mutex);
      (*found)->state_->overtaken = true;
    }
    *found = flight;
    return {std::move(flight), true};
  }
  state_->flights[key.hash].push_back(flight);
  return {std::move(flight), true};
}

std::shared_ptr<Flight> FlightTable::begin_private(KeyRef key, Instant now,
                                                   const Tickets& tickets) {
  auto flight = std::make_shared<Flight>(key, tickets, now);
  flight->state_->joinable = false;
  return flight;
}

bool FlightTable::is_current(const Flight& flight) const {
  const MutexLock lock(flight.state_->mutex);
  return !flight.state_->overtaken;
}

void FlightTable::end(const Flight& flight) {
  if (!flight.state_->joinable) return;
  std::shared_ptr<Flight> last;  // destroyed after the lock
  const MutexLock lock(state_->mutex);
  const auto bucket = state_->flights.find(flight.state_->key_hash);
  if (bucket == state_->flights.end()) return;
  std::vector<std::shared_ptr<Flight>>& flights = bucket->second;
  for (auto it = flights.begin(); it != flights.end(); ++it) {
    if (it->get() != &flight) continue;
    last = std::move(*it);
    flights.erase(it);
    break;
  }
  if (flights.empty()) state_->flights.erase(bucket);
}

Result<void> FlightTable::wait(Flight& flight, Deadline deadline, const Clock& clock,
                               std::size_t max_waiters) {
  const ThreadId me = std::this_thread::get_id();
  const bool counts = max_waiters != Flight::kLeads;
  {
    const MutexLock lock(state_->mutex);
    const Flight* next = &flight;
    while (next != nullptr) {
      ThreadId runner;
      {
        const MutexLock flight_lock(next->state_->mutex);
        if (next->state_->done) break;
        runner = next->state_->runner;
      }
      if (runner == me) {
        return Error{ErrorCode::kRejected,
                     "recursive load: loading '" + std::string(flight.key().text) +
                         "' waits for itself; a loader must not ask for its own key",
                     {}};
      }
      const auto waiting = state_->waiting.find(runner);
      next = waiting == state_->waiting.end() ? nullptr : waiting->second;
    }
    const MutexLock flight_lock(flight.state_->mutex);
    if (counts && !flight.state_->done && flight.state_->waiters >= max_waiters) {
      return Error{ErrorCode::kUnavailable,
                   std::to_string(max_waiters) + " callers wait for the load of '" +
                       flight.state_->key_text + "' already",
                   {}};
    }
    if (counts) ++flight.state_->waiters;
    state_->waiting[me] = &flight;
  }
  bool done = false;
  {
    const MutexLock lock(flight.state_->mutex);
    while (!flight.state_->done) {
      if (deadline.at == kNever) {
        flight.state_->completed.wait(flight.state_->mutex);
        continue;
      }
      const Duration left = between(clock.now(), deadline.at);
      if (left <= Duration(0)) break;
      flight.state_->completed.wait_for(flight.state_->mutex,
                                        std::min<Duration>(left, std::chrono::hours(24)));
    }
    done = flight.state_->done;
    if (counts) --flight.state_->waiters;
  }
  {
    const MutexLock lock(state_->mutex);
    state_->waiting.erase(me);
  }
  if (done) return {};
  return Error{ErrorCode::kDeadlineExceeded,
               "the load of '" + flight.state_->key_text + "' did not finish in time; it goes on",
               {}};
}

std::size_t FlightTable::running() const {
  const MutexLock lock(state_->mutex);
  std::size_t running = 0;
  for (const auto& bucket : state_->flights) running += bucket.second.size();
  return running;
}

}  // namespace strata
