// The contract of HotTier under concurrency: no read serves what was invalidated before it began.
//
// Every label has an origin: a version that only grows. Changing it is: raise the version,
// invalidate the label, and then publish the version as the label's floor. Loading is: take a
// ticket, read the versions, fill. Reading is: read the floors, then look. What a read returns
// must not be below a floor that was published before the read began, whatever the others do.
// Expiring is changing by an expire: it publishes a floor for what is returned as fresh.
#pragma once

#include <array>
#include <atomic>
#include <thread>

#include "contract/hot_tier_fixture.h"
#include "strata/ports/thread.h"
#include "testkit/random.h"

namespace strata::contract {

class HotTierRace {
 public:
  static constexpr std::size_t kKeys = 48;
  static constexpr std::size_t kTags = 5;
  static constexpr std::size_t kGroups = 2;

  HotTierRace(HotTier& tier, ManualClock& clock) : tier_(tier), clock_(clock) {}

  void change_labels(testkit::Random random) {
    while (goes_on(random)) {
      std::vector<Origin*> changed;
      Labels labels;
      for (std::uint64_t more = random.between(1, 3); more > 0; --more) {
        changed.push_back(&random_origin(random));
        labels.push_back(changed.back()->label);
      }
      std::vector<std::uint64_t> versions;
      for (Origin* origin : changed) versions.push_back(origin->raise());
      const bool expires = random.one_in(3);
      expires ? tier_.expire(labels) : tier_.invalidate(labels);
      for (std::size_t at = 0; at < changed.size(); ++at) {
        changed[at]->publish(expires ? changed[at]->fresh_floor : changed[at]->floor, versions[at]);
      }
    }
  }

  void put_values(testkit::Random random) {
    while (goes_on(random)) {
      const std::size_t key = random.below(kKeys);
      const Ticket ticket = tier_.position();
      const std::uint64_t version = keys_[key].raise();
      EntryRef entry;
      if (!random.one_in(4)) entry = load(key, expiry(random));
      tier_.put(keys_[key].ref(), std::move(entry), ticket, RemovalCause::kReplaced);
      keys_[key].publish(keys_[key].floor, version);
    }
  }

  void fill_values(testkit::Random random) {
    while (goes_on(random)) {
      const std::size_t key = random.below(kKeys);
      const Ticket ticket = tier_.position();
      tier_.fill(load(key, expiry(random)), ticket);
    }
  }

  // Makes so many calls, and more as long as they saw too little; then the others stop, too.
  void read_values(testkit::Random random, std::size_t calls) {
    std::array<KeyRef, kKeys> refs;
    for (std::size_t key = 0; key < kKeys; ++key) refs[key] = keys_[key].ref();
    for (std::size_t i = 0; i < calls || (saw_too_little(calls) && i < 100 * calls); ++i) {
      if (random.one_in(16)) {
        read_all(refs);
      } else {
        const std::size_t key = random.below(kKeys);
        const Floors before = floors_of(key);
        check(tier_.get(refs[key]), before);
      }
      if (random.one_in(kCallsPerTurn)) std::this_thread::yield();
    }
    over_.store(true);
  }

  void disturb(testkit::Random random) {
    while (goes_on(random)) {
      for (std::uint64_t i = random.below(200); i > 0 && !over_.load(); --i) {
        std::this_thread::yield();
      }
      clock_.advance(Duration(random.below(20)));
      tier_.remove_expired();
      tier_.resize(random.between(0, kKeys), random.one_in(8) ? 0 : 64 << 20);
      set_quota(random.one_in(2) ? "0" : "1", random.between(0, kKeys / 2));
    }
    for (const char* name : {"0", "1"}) set_quota(name, 0);
    tier_.resize(0, 64 << 20);
  }

  [[nodiscard]] std::uint64_t violations() const { return violations_.load(); }
  [[nodiscard]] std::uint64_t seen() const { return seen_.load(); }
  [[nodiscard]] std::uint64_t fresh_seen() const { return fresh_seen_.load(); }

  // Meanwhile others fill; whoever sets a quota is alone with that.
  void set_quota(const std::string& name, std::uint64_t max_entries) {
    EXPECT_TRUE(tier_.set_quota(name, {.max_entries = max_entries}).ok());
    for (const TenantUse& use : tier_.tenants().tenants) {
      EXPECT_TRUE(use.name != name || max_entries == 0 || use.entries <= max_entries);
    }
  }

 private:
  struct Origin {
    Label label;
    std::uint64_t hash = 0;
    std::atomic<std::uint64_t> version{0};
    std::atomic<std::uint64_t> floor{0};
    std::atomic<std::uint64_t> fresh_floor{0};

    void name(Label its_label) {
      label = std::move(its_label);
      hash = key_hash(label.text());
    }
    [[nodiscard]] KeyRef ref() const { return {label.text(), hash, {}}; }
    std::uint64_t raise() { return version.fetch_add(1) + 1; }
    static void publish(std::atomic<std::uint64_t>& published, std::uint64_t done) {
      std::uint64_t known = published.load();
      while (known < done && !published.compare_exchange_weak(known, done)) continue;
    }
  };
  // The origins of one key's value: the key, a tag, the group, everything.
  using Versions = std::array<std::uint64_t, 4>;
  struct Floors {
    Versions all;
    Versions fresh;
  };
  struct Value {
    std::size_t key;
    Versions versions;
  };

  // On a busy machine a thread may do all it has to do in one go. So they give way often.
  static constexpr std::uint64_t kCallsPerTurn = 16;

  // For reads to be worth anything.
  [[nodiscard]] bool saw_too_little(std::size_t calls) const {
    return seen() < calls / 10 || fresh_seen() <= calls / 100;
  }

  bool goes_on(testkit::Random& random) {
    if (random.one_in(kCallsPerTurn)) std::this_thread::yield();
    return !over_.load();
  }

  void read_all(const std::array<KeyRef, kKeys>& refs) {
    std::array<Floors, kKeys> floors;
    for (std::size_t key = 0; key < kKeys; ++key) floors[key] = floors_of(key);
    std::array<EntryRef, kKeys> entries;
    tier_.get_many(refs, entries);
    for (std::size_t key = 0; key < kKeys; ++key) check(entries[key], floors[key]);

    std::vector<EntryRef> found;
    std::uint64_t cursor = 0;
    do cursor = tier_.scan(cursor, found);
    while (cursor != 0);
    for (const EntryRef& entry : found) {
      check(entry, floors[entry->value<Value>().key]);
      EXPECT_LE(tier_.standing(*entry).uses, 255u);
    }
  }

  struct Names {
    explicit Names(HotTierRace& race) {
      for (std::size_t i = 0; i < kKeys; ++i) race.keys_[i].name(key_label(std::to_string(i)));
      for (std::size_t i = 0; i < kTags; ++i) race.tags_[i].name(tag(std::to_string(i)));
      for (std::size_t i = 0; i < kGroups; ++i) {
        race.spaces_[i].name(keyspace(std::to_string(i)));
        race.groups_.push_back(
            std::make_unique<LabelGroup>(Labels{race.spaces_[i].label, tenant(std::to_string(i))}));
      }
      race.all_.name(everything());
    }
  };

  Origin& random_origin(testkit::Random& random) {
    if (random.one_in(30)) return all_;
    if (random.one_in(6)) return random.pick(spaces_);
    return random.one_in(2) ? random.pick(tags_) : random.pick(keys_);
  }

  std::array<Origin*, 4> origins_of(std::size_t key) {
    return {&keys_[key], &tags_[key % kTags], &spaces_[key % kGroups], &all_};
  }

  Floors floors_of(std::size_t key) {
    Floors floors;
    const auto origins = origins_of(key);
    for (std::size_t i = 0; i < origins.size(); ++i) {
      floors.all[i] = origins[i]->floor.load();
      floors.fresh[i] = origins[i]->fresh_floor.load();
    }
    return floors;
  }

  Instant expiry(testkit::Random& random) {
    return saturating_add(clock_.now(), Duration(random.one_in(4) ? random.below(50) : 1'000'000));
  }

  // Kept for ever in one case of two, else as long as it is fresh.
  EntryRef load(std::size_t key, Instant expires) {
    Value value{.key = key, .versions = {}};
    const auto origins = origins_of(key);
    for (std::size_t i = 0; i < origins.size(); ++i) {
      value.versions[i] = origins[i]->version.load();
    }
    EntryRef entry = Entry::make(keys_[key].ref(), value);
    entry->set_labels({&tags_[key % kTags].label, 1});
    entry->set_group(groups_[key % kGroups].get());
    entry->set_times(expires, value.versions[0] % 2 == 0 ? kNever : expires);
    return entry;
  }

  void check(const EntryRef& entry, const Floors& floors) {
    if (!entry) return;
    seen_.fetch_add(1, std::memory_order_relaxed);
    const Versions& versions = entry->value<Value>().versions;
    const bool is_fresh = entry->fresh_until() > clock_.now();
    if (is_fresh) fresh_seen_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      if (versions[i] < floors.all[i]) violations_.fetch_add(1);
      if (is_fresh && versions[i] < floors.fresh[i]) violations_.fetch_add(1);
    }
  }

  HotTier& tier_;
  ManualClock& clock_;
  std::array<Origin, kKeys> keys_;
  std::array<Origin, kTags> tags_;
  std::array<Origin, kGroups> spaces_;
  Origin all_;
  std::vector<std::unique_ptr<LabelGroup>> groups_;
  Names names_{*this};
  std::atomic<std::uint64_t> violations_{0};
  std::atomic<std::uint64_t> seen_{0};
  std::atomic<std::uint64_t> fresh_seen_{0};
  std::atomic<bool> over_{false};
};

TEST_P(HotTierContract, NoReadServesWhatWasInvalidatedBeforeItBegan) {
  constexpr std::size_t kCalls = 10'000;
  const auto race = std::make_unique<HotTierRace>(*tier, *clock);
  std::atomic<std::uint64_t> told{0};
  tier->set_removal_listener([&](const EntryRef&, RemovalCause, Ticket) { told.fetch_add(1); });
  {
    std::vector<Thread> threads;
    const auto start_thread = [&](std::string name, auto body) {
      const testkit::Random random(threads.size() + 1);
      threads.emplace_back(std::move(name), [&race, body, random] { body(*race, random); });
    };
    for (int i = 0; i < 2; ++i) {
      start_thread("change",
                   [](HotTierRace& on, testkit::Random random) { on.change_labels(random); });
      start_thread("fill", [](HotTierRace& on, testkit::Random random) { on.fill_values(random); });
      start_thread("read",
                   [](HotTierRace& on, testkit::Random random) { on.read_values(random, kCalls); });
    }
    start_thread("put", [](HotTierRace& on, testkit::Random random) { on.put_values(random); });
    start_thread("disturb", [](HotTierRace& on, testkit::Random random) { on.disturb(random); });
  }
  EXPECT_EQ(race->violations(), 0u);
  EXPECT_GE(race->seen(), kCalls / 10) << "the reads must see something to be worth anything";
  EXPECT_GT(race->fresh_seen(), kCalls / 100);

  tier->check_invariants();
  tier->invalidate({{everything()}});
  tier->remove_expired();
  EXPECT_EQ(told.load(), tier->stats().stored);
}

}  // namespace strata::contract
