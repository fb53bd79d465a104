// What a process is told of the invalidations of others, and what its tickets say until then.
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "core/mutant.h"
#include "sqlite/shared_control.h"
#include "testkit/shared_bed.h"

namespace strata::sqlite {
namespace {

using strata::testing::Mutant;

class SharedListeningTest : public ::testing::Test, protected SharedBed {};

TEST_F(SharedListeningTest, TheListenerIsToldWhatOthersInvalidated) {
  Told told;
  b->set_invalidation_listener(told.listener());
  invalidate(*a, tag("one"));
  invalidate(*b, tag("own"));
  const Label changed = keyspace("space");
  a->expire({&changed, 1});
  bed.put(*a, "k", "value");
  invalidate(*a, everything());
  (void)value_of(*b, "k");  // a look at the file is enough
  wait_until([&] { return told.so_far().size() == 4; });
  EXPECT_EQ(told.so_far(), (std::vector<std::string>{"invalidate tag:one", "expire keyspace:space",
                                                     "invalidate key:k", "invalidate *"}));
  b->set_invalidation_listener({});
}

TEST_F(SharedListeningTest, TheListenerIsToldOfEverythingWhenTheLogWasCut) {
  Told told;
  b->set_invalidation_listener(told.listener());
  invalidate(*a, tag("one"));
  auto database = Database::open({.path = bed.path(), .use = Database::Use::kWrite}).value();
  database.execute("DELETE FROM shared_log").value();
  database.close();
  invalidate(*a, tag("two"));
  (void)value_of(*b, "k");
  wait_until([&] { return told.so_far().size() == 1; });
  EXPECT_EQ(told.so_far(), std::vector<std::string>{"invalidate *"});
  b->set_invalidation_listener({});
}

TEST_F(SharedListeningTest, WhoIsToldMayCloseWhatSomebodyClosesAlready) {
  std::promise<void> is_told;
  std::promise<void> may_go_on;
  b->set_invalidation_listener([&](const Labels&, bool) {
    is_told.set_value();
    may_go_on.get_future().wait();
    b->close({});
  });
  invalidate(*a, tag("one"));
  (void)value_of(*b, "k");
  is_told.get_future().wait();
  auto closing = std::async(std::launch::async, [&] { b->close({}); });
  closing.wait_for(std::chrono::milliseconds(20));  // so that it waits for the thread
  may_go_on.set_value();
  closing.get();
  EXPECT_FALSE(b->get(key_of("k"), {}).ok());
}

// Nobody can write, so nothing is in the log.
TEST_F(SharedListeningTest, TheListenerIsToldOfWhatCouldNotBeWritten) {
  Told told;
  SqliteOptions often = options();
  often.sharing_poll = std::chrono::milliseconds(1);
  b = bed.open(often);
  b->set_invalidation_listener(told.listener());
  {
    const WriterHold hold(bed.path());
    invalidate(*a, tag("t"));
    wait_until([&] { return told.so_far().size() == 1; });
    invalidate(*a, tag("u"));
    wait_until([&] { return told.so_far().size() == 2; });
    EXPECT_EQ(told.so_far(), (std::vector<std::string>{"invalidate *", "invalidate *"}));
  }
  // What it then writes late it may be told of again.
  b->set_invalidation_listener({});
}

TEST_F(SharedListeningTest, TheListenerIsToldOfWhatADamagedFileDoesNotTake) {
  Told told;
  SqliteOptions often = options();
  often.sharing_poll = std::chrono::milliseconds(1);
  b = bed.open(often);
  b->set_invalidation_listener(told.listener());
  SharedControl::open(bed.path() + ".shared")->report_damage();
  invalidate(*a, tag("t"));
  wait_until([&] { return told.so_far().size() == 1; });
  EXPECT_EQ(told.so_far(), (std::vector<std::string>{"invalidate *"}));
  b->set_invalidation_listener({});
}

// What another process demanded is none of its own, even if it does the work.
TEST_F(SharedListeningTest, WhoCarriesOutWhatAnotherDemandedIsToldToo) {
  Told told;
  b->set_invalidation_listener(told.listener());
  {
    const WriterHold hold(bed.path());
    invalidate(*a, tag("t"));
  }
  EXPECT_EQ(bed.fill(*b, "k", "value"), FillOutcome::kRefused);
  wait_until([&] { return !told.so_far().empty(); });
  EXPECT_EQ(told.so_far().front(), "invalidate *");
  b->set_invalidation_listener({});
}

// A listener that is told and is not done with it, as while memory still holds what it is told of.
class SlowListener {
 public:
  InvalidationListener listener() {
    return [this](const Labels&, bool) {
      if (!is_told_) began_.set_value();
      is_told_ = true;
      end_.wait();
    };
  }
  void wait_until_told() { began_.get_future().wait(); }
  void end() { may_end_.set_value(); }

 private:
  bool is_told_ = false;
  std::promise<void> began_;
  std::promise<void> may_end_;
  std::shared_future<void> end_{may_end_.get_future().share()};
};

TEST_F(SharedListeningTest, TicketsDoNotRunAheadOfWhatTheListenerWasTold) {
  SlowListener memory;
  b->set_invalidation_listener(memory.listener());
  const Ticket before = b->position();
  invalidate(*a, tag("t"));
  EXPECT_EQ(value_of(*b, "k"), "-");
  memory.wait_until_told();
  EXPECT_EQ(b->position(), before);
  // Computed from what memory should not have any more.
  EXPECT_EQ(bed.fill(*b, "derived", "old", {tag("t")}), FillOutcome::kRefused);
  // What this process writes meanwhile makes nothing of it known.
  EXPECT_EQ(bed.fill(*b, "another", "value"), FillOutcome::kStored);
  invalidate(*b, tag("own"));
  EXPECT_EQ(b->position(), before);
  EXPECT_EQ(bed.fill(*b, "derived", "old", {tag("t")}), FillOutcome::kRefused);
  memory.end();
  wait_until([&] { return b->position() == Ticket{number(before) + 2}; });
  EXPECT_EQ(bed.fill(*b, "derived", "new", {tag("t")}), FillOutcome::kStored);
  b->set_invalidation_listener({});
}

TEST_F(SharedListeningTest, WhatAProcessInvalidatesItselfNeedsNoTelling) {
  Told told;
  b->set_invalidation_listener(told.listener());
  const Ticket before = b->position();
  invalidate(*b, tag("t"));
  EXPECT_EQ(b->position(), Ticket{number(before) + 1});
  EXPECT_EQ(bed.fill(*b, "k", "new", {tag("t")}), FillOutcome::kStored);
  EXPECT_TRUE(told.so_far().empty());
  b->set_invalidation_listener({});
}

}  // namespace
}  // namespace strata::sqlite
