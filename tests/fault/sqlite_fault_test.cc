// The SQLite tier on files that fail: at every call once, and from every call on.
//
// Whatever fails: no call hangs or crashes, nothing that was invalidated is served, and when the
// files work again, so does the tier, by itself.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fault/fault_vfs.h"
#include "sqlite/tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "testkit/fault_loop.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

using testkit::FailingFiles;
using testkit::FaultKind;
using testkit::FaultLook;

KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }

// A tier, and what its keys may hold. Each value is a number; what was replaced or invalidated
// raises the least number that the key may still be served with.
class Scenario {
 public:
  Scenario() { open(); }

  void open() {
    SqliteOptions options;
    options.path = folder_.file("cache.db");
    options.max_bytes = 4u << 20;
    options.readers = 2;
    options.put_wait = std::chrono::milliseconds(20);
    options.max_pending_writes = 200;
    options.journal_slots = 128;
    auto opened = sqlite::open_tier(testkit::fault_vfs(), options, system_clock(), random_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    tier = std::move(*opened);
  }
  void reopen() {
    tier->close({});
    tier.reset();
    open();
  }

  Record record(const std::string& key, const std::string& tag_name) {
    Record made;
    made.key_text = key;
    made.group = {keyspace("s")};
    made.labels = {tag(tag_name)};
    made.payload = std::to_string(++newest_) + std::string(200, '.');
    return made;
  }
  void put(const std::string& key) {
    const Record made = record(key, "t" + key);
    (void)tier->put(ref_to(key), &made, tier->position(), {});
    least_[key] = newest_;
  }
  void fill(const std::string& key) {
    const Ticket ticket = tier->position();
    const Record made = record(key, "t" + key);
    (void)tier->fill(made, ticket, {});
  }
  void erase(const std::string& key) {
    least_[key] = newest_ + 1;
    (void)tier->put(ref_to(key), nullptr, tier->position(), {});
  }
  void invalidate(const Label& label, const std::vector<std::string>& keys) {
    tier->invalidate({&label, 1});
    for (const std::string& key : keys) least_[key] = newest_ + 1;
  }

  void check(const std::optional<Record>& found, const std::string& key) {
    if (!found) return;
    ASSERT_EQ(found->key_text, key);
    ASSERT_GE(std::stoull(found->payload), least_[key]) << key << " is served and was invalidated";
    ASSERT_LE(std::stoull(found->payload), newest_);
  }
  void check_all() {
    std::vector<std::string> names;
    for (const auto& [key, least] : least_) names.push_back(key);
    for (const std::string& key : names) {
      check(tier->get(ref_to(key), {}).value_or(std::nullopt), key);
    }
    std::vector<KeyRef> keys;
    for (const std::string& key : names) keys.push_back(ref_to(key));
    const auto many = tier->get_many(keys, {});
    if (many.ok()) {
      for (std::size_t i = 0; i < names.size(); ++i) check((*many)[i], names[i]);
    }
    const auto page = tier->scan({}, 100, {});
    if (page.ok()) {
      for (const Record& found : page->records) check(found, found.key_text);
    }
  }

  // The files work again: so does the tier, and it keeps what it is given.
  void check_recovered() {
    bool is_kept = false;
    for (int attempt = 0; attempt < 200 && !is_kept; ++attempt) {
      put("probe");
      const bool is_flushed = tier->flush({}).ok();
      const auto found = tier->get(ref_to("probe"), {});
      is_kept = is_flushed && found.ok() && found->has_value();
    }
    EXPECT_TRUE(is_kept) << tier->stats().reason;
    EXPECT_NE(tier->stats().state, TierState::kOff) << tier->stats().reason;
    check_all();
  }

  std::unique_ptr<Tier> tier;

 private:
  testkit::TempDir folder_;
  std::shared_ptr<Random> random_ = seeded_random(1);
  std::uint64_t newest_ = 0;
  std::map<std::string, std::uint64_t> least_;
};

void write_and_invalidate(Scenario& on) {
  on.put("a");
  on.fill("b");
  on.fill("c");
  (void)on.tier->flush({});
  on.check_all();
  on.put("a");
  on.invalidate(tag("tb"), {"b"});
  on.fill("b");
  (void)on.tier->flush({});
  on.check_all();
  on.erase("c");
  (void)on.tier->touch(ref_to("a"), Lifetime{}, {});
  on.check_all();
  on.invalidate(keyspace("s"), {"a", "b", "c"});
  on.check_all();
  (void)on.tier->flush({});
  on.put("c");
  on.check_all();
}

void reopen_with_content(Scenario& on) {
  on.put("a");
  on.put("b");
  (void)on.tier->flush({});
  on.invalidate(tag("tb"), {"b"});
  on.reopen();
  on.check_all();
  on.put("b");
  on.erase("a");
  on.reopen();
  on.check_all();
}

void clear_and_expire(Scenario& on) {
  for (int i = 0; i < 40; ++i) on.fill("k" + std::to_string(i));
  (void)on.tier->flush({});
  std::vector<std::string> all{"a", "b", "c"};
  for (int i = 0; i < 40; ++i) all.push_back("k" + std::to_string(i));
  on.invalidate(everything(), all);
  on.check_all();
  on.fill("a");
  (void)on.tier->remove_expired({});
  (void)on.tier->scan({}, 10, {});
  on.check_all();
}

void evict_under_pressure(Scenario& on) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) on.put("k" + std::to_string(i));
    on.invalidate(tag("tk3"), {"k3"});
    on.check_all();
  }
}

struct FaultCase {
  const char* name;
  void (*run)(Scenario& on);
};

class SqliteFaults : public testing::TestWithParam<FaultCase> {
 protected:
  void fail(FaultKind kind, FaultLook look, std::uint64_t first, std::uint64_t step) {
    for (std::uint64_t call = first; call < testkit::kScenarioCallLimit; call += step) {
      SCOPED_TRACE(testing::Message() << "failing call " << call);
      const std::shared_ptr<FaultPlan> plan = testkit::plan_of(kind, call);
      Scenario scenario;
      {
        FailingFiles failing(*plan, look);
        GetParam().run(scenario);
      }
      scenario.check_recovered();
      RecordProperty("calls", static_cast<int>(call));
      if (HasFailure() || plan->faults() == 0) return;
    }
    FAIL() << "the scenario makes too many calls";
  }
};

TEST_P(SqliteFaults, OneCallFails) { fail(FaultKind::kOnce, FaultLook::kIoError, 1, 1); }
TEST_P(SqliteFaults, CallsFailFromOneOn) {
  fail(FaultKind::kFromThenOn, FaultLook::kIoError, 1, 7);
}
TEST_P(SqliteFaults, TheDiskIsFullOnce) { fail(FaultKind::kOnce, FaultLook::kFull, 1, 1); }
TEST_P(SqliteFaults, TheDiskIsFullFromOneWriteOn) {
  fail(FaultKind::kFromThenOn, FaultLook::kFull, 1, 3);
}
TEST_P(SqliteFaults, OneReadIsShort) { fail(FaultKind::kOnce, FaultLook::kShortRead, 1, 1); }

INSTANTIATE_TEST_SUITE_P(Each, SqliteFaults,
                         testing::Values(FaultCase{"WriteAndInvalidate", write_and_invalidate},
                                         FaultCase{"ReopenWithContent", reopen_with_content},
                                         FaultCase{"ClearAndExpire", clear_and_expire},
                                         FaultCase{"EvictUnderPressure", evict_under_pressure}),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace strata
