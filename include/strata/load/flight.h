// Flight: one run of a source for one key, which concurrent callers may join.
// FlightTable: the flights of a cache; at most one joinable per key.
//
//   FlightTable::Start start = table.join_or_begin(key, now, lease, take_tickets);
//   if (start.leads) { run it; flight->complete(result); table.end(*flight); }
//   else if (Result<void> wait = table.wait(*flight, deadline, clock); wait) use(flight->result());
//
// Promise   P5: of callers that ask for one key at one time, one leads and the others join. A
//           flight that holds its lease too long may be overtaken: it stays valid for those who
//           joined it, but is no longer current, and its result is not to be stored.
//           Every waiter is released when the flight completes, once.
// Threads   Thread-safe.
// Errors    wait(): kRejected at once if waiting would never end, because the flight waits,
//           directly or through others, for the caller's own thread; kDeadlineExceeded, and the
//           flight goes on; kUnavailable where as many wait already as may.
// Callbacks Continuations run in the completing thread, with no lock held.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "strata/core/outcome.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/load/tickets.h"
#include "strata/ports/clock.h"

namespace strata {

// What a flight brings. An absent value is a negative entry, so that its labels are known.
struct FlightResult {
  Outcome outcome = Outcome::kError;
  EntryRef entry;
  std::string_view tier;               // the tier that answered, or empty
  std::shared_ptr<const Error> error;  // with kError, and with a kept value
  std::uint8_t note = 0;    // from who ran it to all who take it; nothing here looks at it
  bool remembered = false;  // no load ran: `error` is that of an earlier one
  bool gave_up = false;  // no load ran, and who ran the flight waits no longer: nobody else's end
};

class Flight {
 public:
  Flight(KeyRef key, const Tickets& tickets, Instant started);
  ~Flight();

  [[nodiscard]] KeyRef key() const;
  // Taken before the flight could be joined.
  [[nodiscard]] const Tickets& tickets() const { return tickets_; }
  [[nodiscard]] Instant started() const { return started_; }

  // Whether the caller is the one to run the flight: true once. Who leads may leave the run to
  // another thread; a joiner that comes before it runs the flight itself.
  [[nodiscard]] bool claim();
  // Says that the calling thread runs the flight; needed to see waits that cannot end.
  void set_runner();
  // Publishes the result and releases everybody. Once.
  void complete(FlightResult result);
  [[nodiscard]] bool done() const;
  // Precondition: done().
  [[nodiscard]] const FlightResult& result() const;
  // For then() and wait(): of who leads the flight, and does not count among its waiters.
  static constexpr std::size_t kLeads = static_cast<std::size_t>(-1);
  // Calls `then` with the flight's result: now if done, else in the completing thread. Returns
  // false, and never calls it, if `max_waiters` wait already.
  bool then(std::function<void()> then, std::size_t max_waiters = limits::kWaitersPerLoad);

 private:
  friend class FlightTable;
  struct State;
  Tickets tickets_;
  Instant started_;
  std::unique_ptr<State> state_;
};

class FlightTable {
 public:
  FlightTable();
  ~FlightTable();

  struct Start {
    std::shared_ptr<Flight> flight;
    bool leads = false;
  };
  // Joins the key's running flight, or begins one. A flight older than `lease` is overtaken.
  // `take_tickets` is called before the new flight can be joined, without the table's lock.
  [[nodiscard]] Start join_or_begin(KeyRef key, Instant now, Duration lease,
                                    const std::function<Tickets()>& take_tickets);
  // A flight that nobody can join.
  [[nodiscard]] static std::shared_ptr<Flight> begin_private(KeyRef key, Instant now,
                                                             const Tickets& tickets);

  // Whether the flight has not been overtaken. Private ones are always current.
  [[nodiscard]] bool is_current(const Flight& flight) const;
  // Takes the flight out of the table, after its result was stored.
  void end(const Flight& flight);

  // `max_waiters`: of the flight, the caller and those of then() included.
  [[nodiscard]] Result<void> wait(Flight& flight, Deadline deadline, const Clock& clock,
                                  std::size_t max_waiters = limits::kWaitersPerLoad);

  [[nodiscard]] std::size_t running() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace strata
