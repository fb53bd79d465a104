// The fixture of the hot tier's contract: a tier, a clock, entries to offer, and what left.
//
// A test program that instantiates HotTierContract with makers of its own runs the contract
// against their tiers: see memory_hot_tier_test.cc.
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

#include "core/mutex.h"
#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/core/label.h"
#include "strata/ports/clock.h"
#include "strata/ports/hot_tier.h"
#include "strata/testing/manual_clock.h"

namespace strata::contract {

struct HotTierSetup {
  std::uint64_t max_entries = 0;  // 0: no bound
  std::uint64_t max_bytes = 64ULL << 20;
  std::size_t remembered_labels = 1 << 16;
  bool has_quotas = false;  // whether the test sets some
};

struct HotTierMaker {
  std::string name;
  std::function<std::unique_ptr<HotTier>(const HotTierSetup&, std::shared_ptr<Clock>)> make;
};

inline void PrintTo(const HotTierMaker& maker, std::ostream* out) { *out << maker.name; }

// What an entry is made of. Its value is a string.
struct EntrySpec {
  std::string key;
  std::string value = "value";
  const LabelGroup* group = nullptr;
  Labels labels;
  std::string long_params;
  Instant fresh_until = kNever;
  Instant keep_until = kNever;
};

inline KeyRef key_ref(std::string_view text, std::string_view long_params = {}) {
  return {text, key_hash(text), long_params};
}

inline EntryRef make_entry(EntrySpec spec) {
  EntryRef entry =
      Entry::make<std::string>(key_ref(spec.key, spec.long_params), std::move(spec.value));
  entry->set_labels(spec.labels);
  if (!spec.long_params.empty()) {
    auto details = std::make_unique<EntryDetails>();
    details->long_params = std::move(spec.long_params);
    entry->set_details(std::move(details));
  }
  entry->set_group(spec.group);
  entry->set_times(spec.fresh_until, spec.keep_until);
  return entry;
}

inline Label key_label(std::string_view text) { return {LabelKind::kKey, std::string(text)}; }

inline std::vector<LabelId> ids_of(const Labels& labels) {
  std::vector<LabelId> ids;
  for (const Label& label : labels) ids.push_back(label.id());
  return ids;
}

struct Removal {
  std::string key;
  std::string value;
  RemovalCause cause;
  friend bool operator==(const Removal&, const Removal&) = default;
};

// Collects what the removal listener is told.
class RemovalLog {
 public:
  void note(const EntryRef& entry, RemovalCause cause) {
    const MutexLock lock(mutex_);
    removals_.push_back({std::string(entry->key_text()),
                         entry->negative() ? "" : entry->value<std::string>(), cause});
  }
  // What was collected since the last call.
  std::vector<Removal> take() {
    const MutexLock lock(mutex_);
    return std::exchange(removals_, {});
  }

 private:
  Mutex mutex_;
  std::vector<Removal> removals_ STRATA_GUARDED_BY(mutex_);
};

inline void PrintTo(const Removal& removal, std::ostream* out) {
  *out << removal.key << "=" << removal.value << " " << to_string(removal.cause);
}

class HotTierContract : public testing::TestWithParam<HotTierMaker> {
 protected:
  // Every group that a test uses; groups outlive the tier.
  const LabelGroup users{{keyspace("user"), source("db")}};
  const LabelGroup users_again{{source("db"), keyspace("user")}};  // in another order
  const LabelGroup orders{{keyspace("order"), source("db")}};
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  RemovalLog removals;
  std::unique_ptr<HotTier> tier;

  void SetUp() override { start({}); }

  // Begins again with an empty tier.
  void start(const HotTierSetup& setup) {
    tier.reset();
    tier = GetParam().make(setup, clock);
    tier->set_removal_listener(
        [this](const EntryRef& entry, RemovalCause cause, Ticket) { removals.note(entry, cause); });
  }

  void TearDown() override {
    tier->check_invariants();
    const TierStats stats = tier->stats();
    std::uint64_t left = 0;
    for (const std::uint64_t count : stats.removals) left += count;
    EXPECT_EQ(stats.stored, left + stats.entries) << "what was stored left or is there";
  }

  FillOutcome fill(EntrySpec spec) { return fill(std::move(spec), tier->position()); }
  FillOutcome fill(EntrySpec spec, Ticket ticket) {
    return tier->fill(make_entry(std::move(spec)), ticket);
  }
  FillOutcome put(EntrySpec spec) { return put(std::move(spec), tier->position()); }
  FillOutcome put(EntrySpec spec, Ticket ticket) {
    const std::string key = spec.key;
    return tier->put(key_ref(key), make_entry(std::move(spec)), ticket, RemovalCause::kReplaced);
  }
  void erase(std::string_view key) {
    tier->put(key_ref(key), EntryRef(), tier->position(), RemovalCause::kErased);
  }
  InvalidateOutcome invalidate(const Labels& labels) { return tier->invalidate(labels); }

  // The value under `key`, or "-".
  std::string value(std::string_view key) {
    const EntryRef entry = tier->get(key_ref(key));
    return entry ? entry->value<std::string>() : "-";
  }
};

}  // namespace strata::contract
