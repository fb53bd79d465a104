// The fixture of the contract of tiers below memory: a tier, a clock, records to offer.
//
// A test program that instantiates TierContract with makers of its own runs the contract against
// their tiers: see sqlite_tier_contract_test.cc. Each tier runs it twice: once with what was
// written still on its way, and once with everything committed after every call.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/core/record.h"
#include "strata/ports/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/temp_dir.h"

namespace strata::contract {

struct TierSetup {
  std::uint64_t max_bytes = 64ULL << 20;
  std::size_t remembered_labels = 1 << 16;
};

struct TierMaker {
  std::string name;
  // A tier in `folder`, with what a tier there has left, if it keeps anything.
  std::function<std::unique_ptr<Tier>(const TierSetup& setup, const std::string& folder,
                                      std::shared_ptr<Clock> clock)>
      make;
  bool commits_every_call = false;  // flush() after each write
  bool is_kept = false;             // a closed tier's records are there when it is made again
  std::size_t race_calls = 2'000;   // of each thread in the contract's race
};

inline void PrintTo(const TierMaker& maker, std::ostream* out) { *out << maker.name; }

// What a record is made of.
struct RecordSpec {
  std::string key;
  std::string value = "value";
  Labels group{};
  Labels labels{};
  std::string long_params{};
  Duration fresh_for = kForever;
  Duration keep_for = kForever;
};

inline KeyRef key_ref(std::string_view text, std::string_view long_params = {}) {
  return {text, key_hash(text), long_params};
}

inline Label key_label(std::string_view text) { return {LabelKind::kKey, std::string(text)}; }

class TierContract : public testing::TestWithParam<TierMaker> {
 protected:
  const Labels users{keyspace("user"), source("db")};
  const Labels users_again{source("db"), keyspace("user")};  // in another order
  const Labels orders{keyspace("order"), source("db")};
  testkit::TempDir folder;
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::unique_ptr<Tier> tier;

  void SetUp() override { start({}); }
  void TearDown() override {
    if (tier != nullptr) tier->close({});
  }

  // Closes the tier, if there is one, and makes it again in the same folder.
  void start(const TierSetup& setup) {
    if (tier != nullptr) tier->close({});
    tier.reset();
    tier = GetParam().make(setup, folder.path().string(), clock);
    ASSERT_NE(tier, nullptr);
  }

  [[nodiscard]] Record make_record(const RecordSpec& spec) const {
    Record record;
    record.key_text = spec.key;
    record.long_params = spec.long_params;
    record.group = spec.group;
    record.labels = spec.labels;
    record.lifetime = lifetime(spec.fresh_for, spec.keep_for);
    record.payload = spec.value;
    record.raw_size = static_cast<std::uint32_t>(spec.value.size());
    return record;
  }
  // One that begins now.
  [[nodiscard]] Lifetime lifetime(Duration fresh_for, Duration keep_for) const {
    return {.written_wall = clock->wall_now(),
            .written_since_boot = clock->now().since_boot,
            .boot_id = clock->boot_id(),
            .fresh_for = std::min(fresh_for, keep_for),
            .keep_for = keep_for};
  }

  FillOutcome fill(const RecordSpec& spec) { return fill(spec, tier->position()); }
  FillOutcome fill(const RecordSpec& spec, Ticket ticket) {
    return settled(tier->fill(make_record(spec), ticket, {}).value());
  }
  FillOutcome put(const RecordSpec& spec) { return put(spec, tier->position()); }
  FillOutcome put(const RecordSpec& spec, Ticket ticket) {
    const Record record = make_record(spec);
    const KeyRef key = key_ref(spec.key, spec.long_params);
    return settled(tier->put(key, &record, ticket, {}).value());
  }
  void erase(std::string_view key) {
    (void)tier->put(key_ref(key), nullptr, tier->position(), {}).value();
    settled(0);
  }
  InvalidateOutcome invalidate(const Labels& labels) { return settled(tier->invalidate(labels)); }

  [[nodiscard]] std::optional<Record> record(std::string_view key) {
    return tier->get(key_ref(key), {}).value();
  }
  // The value under `key`, or "-".
  [[nodiscard]] std::string value(std::string_view key) {
    const std::optional<Record> found = record(key);
    return found ? found->payload : "-";
  }

  // Everything that a scan finds, page by page.
  [[nodiscard]] std::vector<Record> scan_all(std::size_t limit) {
    std::vector<Record> records;
    std::optional<ScanCursor> cursor = ScanCursor{};
    while (cursor) {
      ScanPage page = tier->scan(*cursor, limit, {}).value();
      EXPECT_LE(page.records.size(), limit);
      for (Record& found : page.records) records.push_back(std::move(found));
      cursor = page.next;
    }
    return records;
  }

  // Commits, if this run commits every call.
  template <typename T>
  T settled(T outcome) {
    if (GetParam().commits_every_call) tier->flush({}).value();
    return outcome;
  }
};

}  // namespace strata::contract
