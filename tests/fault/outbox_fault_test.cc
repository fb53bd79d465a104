// A relay whose file operations fail, at every place: nothing that was committed goes untold.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>

#include "fault/fault_vfs.h"
#include "testkit/outbox_bed.h"

namespace strata {
namespace {

// While it lives, SQLite opens files through the layer that can fail.
class FaultyDefault {
 public:
  FaultyDefault() { sqlite3_vfs_register(sqlite3_vfs_find(testkit::fault_vfs().c_str()), 1); }
  ~FaultyDefault() { sqlite3_vfs_register(usual_, 1); }
  FaultyDefault(const FaultyDefault&) = delete;
  FaultyDefault& operator=(const FaultyDefault&) = delete;

 private:
  sqlite3_vfs* const usual_ = sqlite3_vfs_find(nullptr);
};

// Each test runs its own bed many times, so that the base is a member.
class Bed : public testkit::OutboxBed {
 public:
  // Changes rows while the relay's files fail, then lets it work again.
  void run(FaultPlan& plan) {
    testkit::OutboxListener listener;
    std::vector<std::size_t> told_before;  // for each row, how much had been told at its commit
    {
      const FaultyDefault faulty;
      testkit::FailingFiles failing(plan);
      OutboxRelayOptions small = options();
      small.batch_rows = 2;
      const auto relay = try_open(listener, small);
      ASSERT_TRUE(relay.ok()) << relay.error().message;
      for (int id = 1; id <= 6; ++id) {
        insert(id, id);
        told_before.push_back(listener.told.size());
        if (id % 2 == 0) [[maybe_unused]]
          const auto polled = (*relay)->poll_once();
      }
      failing.allow();
      Result<OutboxPoll> polled = (*relay)->poll_once();
      while (polled.ok() && polled->more) polled = (*relay)->poll_once();
      ASSERT_TRUE(polled.ok()) << polled.error().message;
    }
    for (std::size_t i = 0; i < told_before.size(); ++i) {
      const auto start = listener.told.begin() + static_cast<std::ptrdiff_t>(told_before[i]);
      const std::string line = "issue " + std::to_string(i + 1) + " write";
      EXPECT_TRUE(std::any_of(start, listener.told.end(), [&](const std::string& told) {
        return told == line || told.starts_with("gap ");
      })) << line;
    }
    EXPECT_EQ(application_.ask("PRAGMA integrity_check"), "ok\n");
  }

 private:
  void TestBody() override {}
};

TEST(OutboxFaults, OneCallFails) {
  testkit::fail_each_call(testkit::FaultKind::kOnce, [](const auto& plan) { Bed().run(*plan); });
}

TEST(OutboxFaults, CallsFailFromOneOn) {
  testkit::fail_each_call(testkit::FaultKind::kFromThenOn,
                          [](const auto& plan) { Bed().run(*plan); });
}

}  // namespace
}  // namespace strata
