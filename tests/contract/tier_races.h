// The contract of Tier under concurrency: no read serves what was invalidated before it began.
//
// Every label has an origin: a version that only grows. Changing it is: raise the version,
// invalidate the label, and then publish the version as the label's floor. Loading is: take a
// ticket, read the versions, fill. Reading is: read the floors, then look. What a read returns
// must not be below a floor that was published before the read began, whatever the others do.
// Expiring is changing by an expire: it publishes a floor for what is returned as fresh.
#pragma once

#include <array>
#include <atomic>
#include <cstring>

#include "contract/tier_fixture.h"
#include "testkit/random.h"
#include "testkit/threads.h"

namespace strata::contract {

class TierRace {
 public:
  static constexpr std::size_t kKeys = 48;
  static constexpr std::size_t kTags = 5;
  static constexpr std::size_t kGroups = 2;

  TierRace(Tier& tier, const Clock& clock) : tier_(tier), clock_(clock) {
    for (std::size_t i = 0; i < kKeys; ++i) keys_[i].name(key_label(std::to_string(i)));
    for (std::size_t i = 0; i < kTags; ++i) tags_[i].name(tag(std::to_string(i)));
    for (std::size_t i = 0; i < kGroups; ++i) spaces_[i].name(keyspace(std::to_string(i)));
    all_.name(everything());
  }

  void change_labels(testkit::Random random, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
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

  void put_values(testkit::Random random, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
      const std::size_t key = random.below(kKeys);
      const Ticket ticket = tier_.position();
      const std::uint64_t version = keys_[key].raise();
      const Record record = load(key);
      (void)tier_.put(keys_[key].ref(), random.one_in(4) ? nullptr : &record, ticket, {});
      keys_[key].publish(keys_[key].floor, version);
    }
  }

  void fill_values(testkit::Random random, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
      const Ticket ticket = tier_.position();
      const std::size_t key = random.below(kKeys);
      (void)tier_.fill(load(key), ticket, {});
      // A life without a ttl, since a touch may make fresh what was expired.
      if (random.one_in(8)) (void)tier_.touch(keys_[key].ref(), life(Duration(0)), {});
    }
  }

  void read_values(testkit::Random random, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
      const std::size_t key = random.below(kKeys);
      if (!random.one_in(16)) {
        const Floors before = floors_of(key);
        check(tier_.get(keys_[key].ref(), {}).value(), before);
        continue;
      }
      std::array<Floors, kKeys> floors;
      for (std::size_t at = 0; at < kKeys; ++at) floors[at] = floors_of(at);
      std::vector<KeyRef> refs;
      for (const Origin& origin : keys_) refs.push_back(origin.ref());
      const auto records = tier_.get_many(refs, {}).value();
      for (std::size_t at = 0; at < kKeys; ++at) check(records[at], floors[at]);

      const ScanPage page = tier_.scan({"0"}, 20, {}).value_or(ScanPage{});
      for (const Record& found : page.records) check(found, floors[key_of(found)]);
    }
  }

  [[nodiscard]] std::uint64_t violations() const { return violations_.load(); }
  [[nodiscard]] std::uint64_t seen() const { return seen_.load(); }
  [[nodiscard]] std::uint64_t fresh_seen() const { return fresh_seen_.load(); }

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

  Origin& random_origin(testkit::Random& random) {
    if (random.one_in(30)) return all_;
    if (random.one_in(6)) return spaces_[random.below(kGroups)];
    return random.one_in(2) ? tags_[random.below(kTags)] : keys_[random.below(kKeys)];
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

  static std::size_t key_of(const Record& record) { return std::stoul(record.key_text); }

  [[nodiscard]] Lifetime life(Duration fresh_for) const {
    return {.written_wall = clock_.wall_now(),
            .written_since_boot = clock_.now().since_boot,
            .boot_id = clock_.boot_id(),
            .fresh_for = fresh_for};
  }

  Record load(std::size_t key) {
    Versions versions;
    const auto origins = origins_of(key);
    for (std::size_t i = 0; i < origins.size(); ++i) versions[i] = origins[i]->version.load();
    Record record;
    record.lifetime = life(std::chrono::hours(1));
    record.key_text = keys_[key].label.text();
    record.group = {spaces_[key % kGroups].label};
    record.labels = {tags_[key % kTags].label};
    record.payload.assign(reinterpret_cast<const char*>(versions.data()), sizeof(versions));
    return record;
  }

  void check(const std::optional<Record>& record, const Floors& floors) {
    if (!record) return;
    seen_.fetch_add(1, std::memory_order_relaxed);
    Versions versions;
    std::memcpy(versions.data(), record->payload.data(), sizeof(versions));
    const bool is_fresh =
        remaining(record->lifetime, clock_.now(), clock_.wall_now(), clock_.boot_id()).fresh >
        Duration::zero();
    if (is_fresh) fresh_seen_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      if (versions[i] < floors.all[i]) violations_.fetch_add(1);
      if (is_fresh && versions[i] < floors.fresh[i]) violations_.fetch_add(1);
    }
  }

  Tier& tier_;
  const Clock& clock_;
  std::array<Origin, kKeys> keys_;
  std::array<Origin, kTags> tags_;
  std::array<Origin, kGroups> spaces_;
  Origin all_;
  std::atomic<std::uint64_t> violations_{0};
  std::atomic<std::uint64_t> seen_{0};
  std::atomic<std::uint64_t> fresh_seen_{0};
};

TEST_P(TierContract, NoReadServesWhatWasInvalidatedBeforeItBegan) {
  const std::size_t calls = GetParam().race_calls;
  const auto race = std::make_unique<TierRace>(*tier, *clock);
  std::atomic<int> changers = 2;
  std::atomic<int> writers = 4;
  testkit::run_threads(6, [&](std::size_t index) {
    const testkit::Random random(index + 1);
    if (index == 0) race->change_labels(random, calls / 2);
    if (index == 1) race->put_values(random, calls);
    if (index < 2) --changers;
    // On until nobody changes anything: the last change may have been of everything.
    for (bool more = index == 2 || index == 3; more;) {
      more = changers > 0;
      race->fill_values(random, 2 * calls);
    }
    if (index < 4) {
      --writers;
      return;
    }
    // Writers may be slower than readers, a tier that commits each call above all. What they leave
    // behind is enough to see.
    for (int more = 1'000; more > 0 && race->seen() <= calls; more -= writers == 0 ? 1 : 0) {
      race->read_values(random, calls);
    }
  });
  EXPECT_EQ(race->violations(), 0u);
  EXPECT_GT(race->seen(), calls) << "the reads must see something to be worth anything";
  EXPECT_GT(race->fresh_seen(), calls / 10);
}

// Closing while others call: every call ends, with an answer or with kClosed.
TEST_P(TierContract, CallsThatRunWhileItClosesEnd) {
  testkit::run_threads(4, [&](std::size_t index) {
    if (index == 0) return tier->close({});
    const std::string key = "k" + std::to_string(index);
    for (int i = 0; i < 200; ++i) {
      const Ticket ticket = tier->position();
      (void)tier->fill(make_record({.key = key, .labels = {tag("t")}}), ticket, {});
      (void)tier->get(key_ref(key), {});
      (void)tier->put(key_ref(key), nullptr, ticket, {});
      const Label label = tag("t");
      tier->invalidate({&label, 1});
      (void)tier->flush({});
    }
  });
}

}  // namespace strata::contract
