// A file that several processes share: two openings of it, as two processes have them.
#include <future>
#include <string>

#include "model/schedule.h"
#include "testkit/sqlite_bed.h"

namespace strata::model {

using testing::Mutant;

namespace {

struct Two {
  sqlite::TestBed bed;
  std::unique_ptr<Tier> a = open();
  std::unique_ptr<Tier> b = open();
  const Label changed = tag("t");

  std::unique_ptr<Tier> open() {
    SqliteOptions options = bed.options();
    options.sharing = true;
    options.sharing_poll = std::chrono::hours(1);
    return bed.open(options);
  }
  [[nodiscard]] bool serve_old(const std::string& key) const {
    return sqlite::value_of(*a, key) == "old" || sqlite::value_of(*b, key) == "old";
  }
};

// A load takes its ticket; another process invalidates; the load's value is offered.
bool late_fill_of_another_process() {
  Two two;
  const Ticket ticket = two.a->position();
  two.b->invalidate({&two.changed, 1});
  (void)two.a->fill(two.bed.record("k", "old", {two.changed}), ticket, {});
  return two.serve_old("k");
}

// More rows than an invalidation removes before it returns: the last ones are still there.
bool read_of_a_row_that_is_to_go() {
  Two two;
  for (int i = 0; i < 1'100; ++i) {
    two.bed.fill(*two.a, "k" + std::to_string(i), "old", {two.changed});
  }
  two.a->invalidate({&two.changed, 1});
  return two.serve_old("k1099");
}

// The file cannot be written when it is invalidated.
bool invalidation_that_cannot_be_written() {
  Two two;
  two.bed.fill(*two.a, "k", "old", {two.changed});
  const sqlite::WriterHold hold(two.bed.path());
  two.a->invalidate({&two.changed, 1});
  return two.serve_old("k");
}

// Another process invalidates, and memory is not yet rid of what it made wrong when a load begins
// that reads it there.
bool load_from_memory_that_was_not_told() {
  Two two;
  std::promise<void> told;
  two.b->set_invalidation_listener(
      [is_told = told.get_future().share()](const Labels&, bool) { is_told.wait(); });
  two.a->invalidate({&two.changed, 1});
  (void)sqlite::value_of(*two.b, "another");  // sees the log
  const Ticket ticket = two.b->position();
  (void)two.b->fill(two.bed.record("derived", "old", {two.changed}), ticket, {});
  told.set_value();
  return two.serve_old("derived");
}

}  // namespace

std::vector<Schedule> sharing_schedules() {
  return {
      {"a load of one process fills a shared file after another invalidated",
       {Mutant::kSharedUnchecked},
       late_fill_of_another_process},
      {"a row of a shared file is read before its removal",
       {Mutant::kSharedIgnoresNumbers},
       read_of_a_row_that_is_to_go},
      {"a load computes with what memory holds while it is told of another process' invalidation",
       {Mutant::kSharedTicketAhead},
       load_from_memory_that_was_not_told},
      {"a shared file cannot be written when it is invalidated",
       {Mutant::kSharedDemandsNothing},
       invalidation_that_cannot_be_written},
  };
}

}  // namespace strata::model
