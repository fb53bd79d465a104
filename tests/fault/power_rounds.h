// Cuts the power of a machine on which a cache works, over and over, and compares what each next
// opening finds with what had to be there, and with what must not be.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "fault/power_disk.h"
#include "sqlite/tier.h"
#include "strata/ports/random.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

struct PowerCounts {
  std::uint64_t cuts = 0;
  std::uint64_t calls = 0;     // of the tier
  std::uint64_t kept = 0;      // openings that found something
  std::uint64_t compared = 0;  // values that were found and were right
  std::uint64_t stale = 0;     // were served and must not have been
  std::uint64_t invented = 0;  // were never written
  std::uint64_t lost = 0;      // were acknowledged as safe and are gone
  std::uint64_t refused = 0;   // openings that failed

  PowerCounts& operator+=(const PowerCounts& more) {
    cuts += more.cuts;
    calls += more.calls;
    kept += more.kept;
    compared += more.compared;
    stale += more.stale;
    invented += more.invented;
    lost += more.lost;
    refused += more.refused;
    return *this;
  }
  void report(std::uint64_t first_seed, std::uint64_t last_seed) const {
    Reliability report("R6", "losses of power, of which unsynced sectors survive at random");
    report.count("cuts", cuts).count("calls", calls).seeds(first_seed, last_seed);
    report.count("openings that kept something", kept).count("values found right", compared);
    report.violations("stale", stale).violations("invented", invented);
    report.violations("lost", lost).violations("refused openings", refused);
  }
};

class PowerRounds {
 public:
  // Without a durability each life of the process has one of its own.
  PowerRounds(std::uint64_t seed, std::optional<Durability> durability)
      : durability_(durability), random_(seed) {}
  ~PowerRounds() { PowerDisk::cut_at(0, nullptr); }
  PowerRounds(const PowerRounds&) = delete;
  PowerRounds& operator=(const PowerRounds&) = delete;

  // One life of the process: it opens what the last cut has left, compares, and works until the
  // next cut, at any moment.
  void cut_one() {
    has_cut_ = false;
    next_folder_ = std::make_unique<TempDir>();
    PowerDisk::start(folder_->path().string());
    mode_ = durability_.value_or(random_.one_in(2) ? Durability::kPower : Durability::kNormal);
    const bool was_safe = oracle_.is_safe;
    oracle_.is_safe = was_safe && mode_ == Durability::kPower;
    const bool cuts_anywhere = !random_.one_in(4);
    PowerDisk::cut_at(cuts_anywhere ? 1 + random_.below(400) : 0, [this] { cut(); });
    if (auto tier = open(); tier != nullptr) {
      compare(*tier, was_safe);
      work(std::move(tier));
    }
    PowerDisk::cut_at(0, nullptr);
    if (!has_cut_) cut();
    ++counts_.cuts;
    folder_ = std::move(next_folder_);
    oracle_ = at_cut_;
    clock_->reboot();
  }

  [[nodiscard]] const PowerCounts& counts() const { return counts_; }

 private:
  static constexpr std::size_t kKeys = 24;
  static constexpr std::size_t kTags = 4;

  struct Key {
    std::uint64_t intended = 0;  // no version above it was ever written
    std::uint64_t floor = 0;     // no version below it may be served
    std::uint64_t durable = 0;   // must be served if nothing newer was intended
  };
  struct Oracle {
    std::array<Key, kKeys> keys;
    bool is_safe = false;  // `durable` is on the disk now, whatever the durability
  };

  static std::string name(std::size_t key) { return "1:power::" + std::to_string(key) + ":"; }
  static KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }
  static Label tag_of(std::size_t number) { return tag("t" + std::to_string(number)); }

  std::unique_ptr<Tier> open() {
    SqliteOptions options;
    options.path = folder_->file("cache.db");
    options.durability = mode_;
    options.journal_slots = 64;
    options.readers = 1;
    auto opened = sqlite::open_tier(PowerDisk::vfs(), options, clock_, seeded_random(epoch_++));
    if (opened.ok()) return std::move(*opened);
    ++counts_.refused;
    std::cerr << "not opened after " << counts_.cuts << " cuts: " << opened.error().message << '\n';
    return nullptr;
  }

  // In the middle of a call of SQLite, or between two of the tier's. What had returned before is
  // judged; what may be there is known only when the disk is saved.
  void cut() {
    Oracle before = snapshot();
    PowerDisk::save(folder_->path().string(), next_folder_->path().string(), random_at_cut_);
    const Oracle after = snapshot();
    for (std::size_t key = 0; key < kKeys; ++key) {
      before.keys[key].intended = after.keys[key].intended;
    }
    at_cut_ = before;
    has_cut_ = true;
  }
  Oracle snapshot() {
    const std::lock_guard lock(mutex_);
    return oracle_;
  }
  template <typename Change>
  void note(Change change) {
    const std::lock_guard lock(mutex_);
    change(oracle_);
  }

  void work(std::unique_ptr<Tier> tier) {
    note([&](Oracle& oracle) { oracle.is_safe = mode_ == Durability::kPower; });
    for (int step = 0; step < 150 && !has_cut_ && tier != nullptr; ++step) {
      ++counts_.calls;
      one_call(tier);
    }
    if (tier == nullptr) return;
    if (random_.one_in(3)) close(*tier);
    if (!has_cut_) cut();
  }

  void one_call(std::unique_ptr<Tier>& tier) {
    const std::size_t key = random_.below(kKeys);
    const std::uint64_t version = ++newest_;
    const std::uint64_t choice = random_.below(100);
    if (choice < 50) {
      put(*tier, key, version);
    } else if (choice < 60) {
      fill(*tier, key);
    } else if (choice < 70) {
      note([&](Oracle& oracle) { oracle.keys[key].intended = version; });
      (void)tier->put(ref_to(name(key)), nullptr, tier->position(), {});
      note([&](Oracle& oracle) { oracle.keys[key].floor = version; });
    } else if (choice < 85) {
      invalidate(*tier, random_.below(kTags), version);
    } else if (choice < 87) {
      invalidate(*tier, kTags, version);
    } else if (choice < 92) {
      (void)tier->flush({});
    } else if (choice < 95) {
      close(*tier);
      tier.reset();
      note([&](Oracle& oracle) { oracle.is_safe = mode_ == Durability::kPower; });
      tier = open();
    } else {
      (void)tier->get(ref_to(name(key)), {});
    }
  }

  Record record(std::size_t key, std::uint64_t version) {
    Record made;
    made.key_text = name(key);
    made.group = {keyspace("power")};
    made.labels = {tag_of(key % kTags)};
    made.payload = std::to_string(version) + ' ' + std::string(random_.below(1'200), 'x');
    return made;
  }
  void put(Tier& tier, std::size_t key, std::uint64_t version) {
    note([&](Oracle& oracle) { oracle.keys[key].intended = version; });
    const Record made = record(key, version);
    const auto outcome = tier.put(ref_to(made.key_text), &made, tier.position(), {});
    const bool is_stored = outcome.ok() && *outcome == FillOutcome::kStored;
    note([&](Oracle& oracle) {
      oracle.keys[key].floor = version;
      if (is_stored) oracle.keys[key].durable = version;
    });
  }
  void fill(Tier& tier, std::size_t key) {
    const Ticket ticket = tier.position();
    (void)tier.fill(record(key, snapshot().keys[key].intended), ticket, {});
  }
  // The tag with the number, or everything.
  void invalidate(Tier& tier, std::size_t number, std::uint64_t version) {
    const auto each = [&](auto change) {
      note([&](Oracle& oracle) {
        for (std::size_t key = 0; key < kKeys; ++key) {
          if (number == kTags || key % kTags == number) change(oracle.keys[key]);
        }
      });
    };
    const Label label = number == kTags ? everything() : tag_of(number);
    each([&](Key& key) { key.intended = version; });
    tier.invalidate({&label, 1});
    each([&](Key& key) { key.floor = version; });
  }
  // What was accepted is in the file when it is closed, and the file on the disk.
  void close(Tier& tier) {
    tier.close({});
    note([](Oracle& oracle) { oracle.is_safe = true; });
  }

  // `was_safe`: what had been acknowledged before the cut must be there.
  void compare(Tier& tier, bool was_safe) {
    bool has_any = false;
    for (std::size_t at = 0; at < kKeys; ++at) {
      const Key key = snapshot().keys[at];
      const auto found = tier.get(ref_to(name(at)), {});
      std::uint64_t version = 0;
      if (found.ok() && found->has_value()) {
        has_any = true;
        version = std::stoull((*found)->payload);
        judge(at, key, version, (*found)->key_text);
      } else if (was_safe && key.durable != 0 && key.durable == key.intended) {
        ++counts_.lost;
        tell(at, "was safe and is gone: " + tier.stats().reason);
      }
      note([&](Oracle& oracle) { oracle.keys[at].durable = version; });
    }
    counts_.kept += has_any ? 1 : 0;
  }
  void judge(std::size_t at, const Key& key, std::uint64_t version, const std::string& key_text) {
    if (version < key.floor) {
      ++counts_.stale;
      tell(at, "has version " + std::to_string(version) + ", below " + std::to_string(key.floor));
    } else if (version > key.intended || key_text != name(at)) {
      ++counts_.invented;
      tell(at, "was never written");
    } else {
      ++counts_.compared;
    }
  }
  void tell(std::size_t key, const std::string& what) const {
    std::cerr << "after " << counts_.cuts << " cuts " << name(key) << ' ' << what << '\n';
  }

  const std::optional<Durability> durability_;
  Random random_;
  Random random_at_cut_{random_.next()};
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::unique_ptr<TempDir> folder_ = std::make_unique<TempDir>();
  std::unique_ptr<TempDir> next_folder_;
  Durability mode_ = Durability::kNormal;
  std::uint64_t epoch_ = 1;
  std::uint64_t newest_ = 0;
  std::mutex mutex_;
  Oracle oracle_;  // guarded by mutex_ while a tier is open
  Oracle at_cut_;
  std::atomic<bool> has_cut_{false};
  PowerCounts counts_;
};

}  // namespace strata::testkit
