// OutboxRelay: reads the outbox of a SQLite database and hands its changes on as events.
//
// The relay is one named reader of the outbox (outbox_schema.h makes it). It looks whether
// anybody has committed, reads new rows in order, hands them to its handler and, only when that
// has returned, writes down how far it came; rows that every reader has passed are deleted. The
// application's own transactions never wait for the handler.
//
//   auto relay = OutboxRelay::open(
//       {.database = "orders.db", .reader = "shop"},
//       {.events = [&](std::span<const Event> events) { return tell(cache, events); },
//        .gap = [&](const OutboxGap& gap) { return clear(cache, gap); }}).value();
//   relay->start();  // a thread; or call relay->poll_once() now and then
//
// Promise    Every change that was committed after the relay first came is handed over at least
//            once, and not before its commit; nothing of a rolled-back transaction is. After a
//            crash the last ones are handed over again. Where changes may have been missed the
//            handler is told a gap instead. Changes of one row keep their order.
// Threads    Thread-safe, but for start().
// Lifetime   The destructor closes. In a child of fork() the relay of its parent refuses with
//            kClosed, and neither reads nor unlocks anything.
// Errors     open(): kRejected for options that are out of range, kUnavailable if the name has
//            another relay. Whatever else is wrong with the database, also if it is not there
//            yet, is an error of a poll: counted, logged once, and tried again, ever more seldom.
// Callbacks  The handler runs in the relay's thread or in that of poll_once(), with no lock held.
//            It may not call close() or poll_once(). An error or an exception keeps the relay where
//            it is: the same changes come again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/labels/event.h"
#include "strata/ports/clock.h"
#include "strata/ports/log.h"

namespace strata {

struct OutboxRelayOptions {
  std::string database;  // a path
  // Names the cache to the outbox: lower case letters, digits, - and _. Two caches need two names.
  std::string reader;
  Duration poll = std::chrono::milliseconds(100);   // between two looks; 1 ms to 1 h
  std::size_t batch_rows = 1'000;                   // read at a time; at most 10,000
  Duration busy_timeout = std::chrono::seconds(2);  // for other programs' locks
  Duration retry_max = std::chrono::seconds(10);    // between two tries; at most 1 h
  // A reader that was not there for so long no longer keeps rows from being deleted.
  Duration reader_timeout = std::chrono::hours(7 * 24);
};

enum class OutboxGapReason : std::uint8_t {
  kNewReader,    // the outbox does not know the reader: what came before was not noted for it
  kLateStart,    // the database could not be read when the relay was opened
  kTrimmed,      // rows went before the reader had read them
  kReinstalled,  // the outbox was removed and made again
  kReplaced,     // the database is another file, or was set back to an earlier state
  kUnwatched,    // changes of some types were not written down, or not completely
};
[[nodiscard]] std::string_view to_string(OutboxGapReason reason);

// Changes may have been missed: what is cached of these types is not to be trusted.
struct OutboxGap {
  OutboxGapReason reason = OutboxGapReason::kNewReader;
  std::vector<std::string> types;  // empty: everything that comes from the database
};

struct OutboxHandler {
  std::function<Result<void>(std::span<const Event>)> events;
  std::function<Result<void>(const OutboxGap&)> gap;
};

struct OutboxStats {
  std::uint64_t rows = 0;              // handed over
  std::uint64_t events = 0;            // that they became; neighbours of a kind and type share one
  std::uint64_t batches = 0;           // polls that found something
  std::uint64_t failures = 0;          // polls that ended with an error
  std::uint64_t gaps = 0;              // that were told
  std::string error;                   // of the last poll; empty: it went well
  std::vector<std::string> unwatched;  // tables whose triggers are gone; `strata outbox install`
};

// As of the last poll that could read the outbox.
struct OutboxLag {
  std::uint64_t rows = 0;           // that wait for this reader
  Duration age = Duration::zero();  // of the oldest of them
};

struct OutboxPoll {
  std::uint64_t rows = 0;  // that were read and handed over
  bool more = false;       // there is more to do at once
};

class OutboxRelay {
 public:
  [[nodiscard]] static Result<std::unique_ptr<OutboxRelay>> open(
      OutboxRelayOptions options, OutboxHandler handler,
      std::shared_ptr<Clock> clock = system_clock(), LogSink log = {});
  ~OutboxRelay();

  OutboxRelay(const OutboxRelay&) = delete;
  OutboxRelay& operator=(const OutboxRelay&) = delete;

  // Polls in a thread from now on. Precondition: not called before, and not closed.
  void start();

  // Looks once, and hands over one batch at most. kRejected once the relay has a thread, kClosed
  // after close(). After an error everything is as before the call, but for what was handed over.
  [[nodiscard]] Result<OutboxPoll> poll_once();

  [[nodiscard]] OutboxLag lag() const;
  [[nodiscard]] OutboxStats stats() const;

  // Ends the thread, after the handler's call that may be running. Safe to repeat.
  void close();

 private:
  struct State;
  explicit OutboxRelay(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace strata
