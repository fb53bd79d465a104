// What is done with the SQLite tier while its files fail, and what must hold whatever fails.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fault/fault_vfs.h"
#include "sqlite/shared_tier.h"
#include "sqlite/tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "testkit/fault_loop.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

inline KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }

enum class Owners { kOne, kSharing };

// A shared file cannot be opened while the disk fails: the end of the play.
struct OpeningFailed {};

// A tier, and what its keys may hold. Each value is a number; what was replaced or invalidated
// raises the least number that the key may still be served with. Of a shared file there is another
// tier all the time, which must serve nothing else.
class FaultScenario {
 public:
  explicit FaultScenario(Owners owners = Owners::kOne) : owners_(owners) { open(); }

  void open() {
    tier = open_one();
    if (owners_ == Owners::kSharing && other_ == nullptr) other_ = open_one();
  }
  void reopen() {
    close_one(tier);
    open();
  }

  Record record(const std::string& key, const std::string& tag_name, std::size_t size = 200) {
    Record made;
    made.key_text = key;
    made.group = {keyspace("s")};
    made.labels = {tag(tag_name)};
    made.payload = std::to_string(++newest_) + std::string(size, '.');
    return made;
  }
  void put(const std::string& key, std::size_t size = 200) {
    const Record made = record(key, "t" + key, size);
    put_or_invalidate(key, &made);
    least_[key] = newest_;
  }
  void fill(const std::string& key) {
    const Ticket ticket = tier->position();
    const Record made = record(key, "t" + key);
    (void)tier->fill(made, ticket, {});
  }
  void erase(const std::string& key) {
    least_[key] = newest_ + 1;
    put_or_invalidate(key, nullptr);
  }
  void invalidate(const Label& label, const std::vector<std::string>& keys) {
    tier->invalidate({&label, 1});
    for (const std::string& key : keys) least_[key] = newest_ + 1;
  }

  void check(const std::optional<Record>& found, const std::string& key) {
    if (!found) return;
    const std::uint64_t value = std::stoull(found->payload);
    const bool is_stale = value < least_[key];
    const bool is_invented = found->key_text != key || value > newest_;
    wrong += is_stale || is_invented ? 1 : 0;
    if (expects_sound) {
      EXPECT_FALSE(is_stale) << key << " is served and was invalidated";
      EXPECT_FALSE(is_invented) << key << " was never written";
    }
  }
  void check_all() {
    check_all_of(*tier);
    if (other_ != nullptr) check_all_of(*other_);
  }

  // The files work again: so does the tier, and it keeps what it is given. A shared file that was
  // taken for damaged does when all have closed it.
  void check_recovered() {
    if (tier == nullptr || (other_ != nullptr && tier->stats().state == TierState::kOff)) {
      close_one(other_);
      reopen();
    }
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
  std::uint64_t wrong = 0;    // answers that must not be
  bool expects_sound = true;  // false: they are counted, and fail nothing

 private:
  static void close_one(std::unique_ptr<Tier>& one) {
    if (one != nullptr) one->close({});
    one.reset();
  }
  // As a cache does: a tier that cannot take a put can still invalidate.
  void put_or_invalidate(const std::string& key, const Record* record) {
    if (tier->put(ref_to(key), record, tier->position(), {}).ok()) return;
    const Label label(LabelKind::kKey, key);
    tier->invalidate({&label, 1});
  }
  std::unique_ptr<Tier> open_one() {
    SqliteOptions options;
    options.path = folder_.file("cache.db");
    options.max_bytes = 4u << 20;
    options.readers = 2;
    options.put_wait = std::chrono::milliseconds(20);
    options.max_pending_writes = 200;
    options.journal_slots = 128;
    options.sharing = owners_ == Owners::kSharing;
    const auto open = options.sharing ? sqlite::open_shared_tier : sqlite::open_tier;
    auto opened = open(fault_vfs(), options, system_clock(), random_);
    if (opened.ok()) return std::move(*opened);
    EXPECT_TRUE(options.sharing) << opened.error().message;
    EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable) << opened.error().message;
    throw OpeningFailed();
  }
  void check_all_of(Tier& one) {
    std::vector<std::string> names;
    for (const auto& [key, least] : least_) names.push_back(key);
    for (const std::string& key : names) {
      check(one.get(ref_to(key), {}).value_or(std::nullopt), key);
    }
    std::vector<KeyRef> keys;
    for (const std::string& key : names) keys.push_back(ref_to(key));
    const auto many = one.get_many(keys, {});
    if (many.ok()) {
      for (std::size_t i = 0; i < names.size(); ++i) check((*many)[i], names[i]);
    }
    const auto page = one.scan({}, 100, {});
    if (page.ok()) {
      for (const Record& found : page->records) check(found, found.key_text);
    }
  }

  const Owners owners_;
  TempDir folder_;
  std::shared_ptr<Random> random_ = seeded_random(1);
  std::uint64_t newest_ = 0;
  std::map<std::string, std::uint64_t> least_;
  std::unique_ptr<Tier> other_;
};

inline void write_and_invalidate(FaultScenario& on) {
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

inline void reopen_with_content(FaultScenario& on) {
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

inline void clear_and_expire(FaultScenario& on) {
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

inline void evict_under_pressure(FaultScenario& on) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 30; ++i) on.put("k" + std::to_string(i));
    on.invalidate(tag("tk3"), {"k3"});
    on.check_all();
  }
}

inline void expire_and_touch(FaultScenario& on) {
  on.put("a");
  on.put("b");
  (void)on.tier->flush({});
  const Label label = tag("ta");
  on.tier->expire({&label, 1});
  on.check_all();
  (void)on.tier->touch(ref_to("a"), Lifetime{.fresh_for = std::chrono::hours(1)}, {});
  on.invalidate(tag("tb"), {"b"});
  (void)on.tier->flush({});
  on.check_all();
  on.reopen();
  on.check_all();
}

inline void overflow_the_journal(FaultScenario& on) {
  for (int i = 0; i < 40; ++i) on.fill("k" + std::to_string(i));
  (void)on.tier->flush({});
  for (int i = 0; i < 200; ++i) {
    const std::string key = "k" + std::to_string(i % 40);
    on.invalidate(tag("t" + key), {key});
  }
  on.check_all();
}

inline void large_values(FaultScenario& on) {
  for (int i = 0; i < 3; ++i) on.put("large" + std::to_string(i), 40'000);
  (void)on.tier->flush({});
  on.check_all();
  on.erase("large1");
  on.put("large2", 20'000);
  on.check_all();
}

inline void erase_and_refill(FaultScenario& on) {
  for (int round = 0; round < 4; ++round) {
    on.put("a");
    on.fill("b");
    on.erase("a");
    (void)on.tier->flush({});
    on.fill("a");
    on.erase("b");
    on.check_all();
  }
}

inline void invalidate_while_it_opens(FaultScenario& on) {
  on.put("a");
  on.put("b");
  on.reopen();
  on.invalidate(tag("ta"), {"a"});
  on.reopen();
  on.check_all();
  on.invalidate(keyspace("s"), {"a", "b"});
  on.reopen();
  on.check_all();
}

inline void put_batches(FaultScenario& on) {
  for (int batch = 0; batch < 4; ++batch) {
    for (int i = 0; i < 12; ++i) on.put("k" + std::to_string(i));
    (void)on.tier->flush({});
    on.check_all();
  }
}

inline void clear_twice(FaultScenario& on) {
  const std::vector<std::string> all{"a", "b"};
  on.put("a");
  on.put("b");
  on.invalidate(everything(), all);
  on.put("a");
  (void)on.tier->flush({});
  on.invalidate(everything(), all);
  on.check_all();
  on.reopen();
  on.check_all();
  on.put("b");
}

inline void scan_and_sweep(FaultScenario& on) {
  for (int i = 0; i < 30; ++i) on.put("k" + std::to_string(i));
  (void)on.tier->flush({});
  ScanCursor cursor;
  for (int page = 0; page < 4; ++page) {
    const auto found = on.tier->scan(cursor, 8, {});
    if (!found.ok()) break;
    for (const Record& record : found->records) on.check(record, record.key_text);
    if (!found->next) break;
    cursor = *found->next;
    on.invalidate(tag("tk" + std::to_string(page)), {"k" + std::to_string(page)});
  }
  (void)on.tier->remove_expired({});
  on.check_all();
}

struct FaultCase {
  const char* name;
  void (*run)(FaultScenario& on);
  // How many calls further the next one is that fails, where there is little time.
  std::uint64_t stride = 3;
};

inline constexpr FaultCase kFaultCases[] = {
    {"WriteAndInvalidate", write_and_invalidate, 1},
    {"ReopenWithContent", reopen_with_content, 1},
    {"ClearAndExpire", clear_and_expire, 1},
    {"EvictUnderPressure", evict_under_pressure, 1},
    {"ExpireAndTouch", expire_and_touch},
    {"OverflowTheJournal", overflow_the_journal},
    {"LargeValues", large_values},
    {"EraseAndRefill", erase_and_refill},
    {"InvalidateWhileItOpens", invalidate_while_it_opens},
    {"PutBatches", put_batches},
    {"ClearTwice", clear_twice},
    {"ScanAndSweep", scan_and_sweep},
};

// Plays a case with one call failing, or all from it on, and lets the tier recover. Returns whether
// there was such a call.
inline bool play_with_fault(const FaultCase& fault_case, FaultKind kind, FaultLook look,
                            std::uint64_t call, Owners owners = Owners::kOne) {
  SCOPED_TRACE(::testing::Message() << fault_case.name << ", failing call " << call);
  const std::shared_ptr<FaultPlan> plan = plan_of(kind, call);
  FaultScenario scenario(owners);
  try {
    const FailingFiles failing(*plan, look);
    fault_case.run(scenario);
  } catch (const OpeningFailed&) {
    EXPECT_GT(plan->faults(), 0U);
  }
  scenario.check_recovered();
  return plan->faults() > 0;
}

}  // namespace strata::testkit
