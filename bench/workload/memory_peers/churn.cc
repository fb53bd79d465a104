#include "workload/memory_peers/churn.h"

#include <cstring>
#include <memory>

#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "workload/memory_peers/crew.h"
#include "workload/memory_peers/query.h"
#include "workload/memory_peers/strata_entries.h"

namespace strata::bench {
namespace {

constexpr double kSliceNs = 100e6;
constexpr std::size_t kLargeTags = 500;  // each on so much of the entries
constexpr std::size_t kSmallTagEntries = 20;

enum Kind : std::size_t {
  kGet,
  kPut,
  kInvalidateKey,
  kInvalidateSmallTag,
  kInvalidateLargeTag,
  kShrink,
  kGrow,
  kNothing,
};

// Counts what a tier removes. The calls are all of one thread, and so are those of the listener.
class Removals {
 public:
  explicit Removals(HotTier& tier) {
    tier.set_removal_listener([this](const EntryRef&, RemovalCause, Ticket) { ++count_; });
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

class Churn {
 public:
  explicit Churn(std::size_t entries)
      : entries_(entries),
        tier_(memory_tier({.max_entries = entries, .max_bytes = kEnoughBytes}, system_clock(),
                          seeded_random(1))),
        removals_(*tier_) {
    for (const char* name :
         {"get", "put", "invalidate a key", "invalidate a tag of some ten",
          "invalidate a tag of 1/500", "resize to 90 %", "resize to 100 %", "idle loop: nothing"}) {
      rows_.push_back({.call = name});
    }
    for (std::size_t i = 0; i < universe() / kSmallTagEntries + 1; ++i) {
      small_.push_back(tag("small:" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < kLargeTags; ++i) {
      large_.push_back(tag("large:" + std::to_string(i)));
    }
    for (const std::uint32_t number : shuffled(universe(), *random_)) {
      write_key(number, key_);
      tier_->fill(make(number), tier_->position());
    }
  }

  ChurnReport run(double seconds) {
    const double end = now_ns(CLOCK_MONOTONIC) + 2 * seconds * 1e9;
    for (double now = now_ns(CLOCK_MONOTONIC); now < end;) {
      for (const double until = now + kSliceNs; now < until; now = now_ns(CLOCK_MONOTONIC)) {
        step();
      }
      for (const double until = now + kSliceNs; now < until; now = now_ns(CLOCK_MONOTONIC)) {
        timed(kNothing, [] {});
      }
    }
    tier_->check_invariants();
    return {.entries = entries_,
            .seconds = seconds,
            .calls = rows_,
            .entries_at_end = tier_->stats().entries,
            .wrong = wrong_};
  }

 private:
  [[nodiscard]] std::size_t universe() const { return 2 * entries_; }

  // Of the number whose key is in key_.
  EntryRef make(std::uint32_t number) {
    EntryRef entry = make_entry<Value>(key_ref(key_), value_of(number), true);
    const std::array labels{small_[number / kSmallTagEntries], large_[number % kLargeTags]};
    entry->set_labels(labels);
    return entry;
  }

  template <typename Call>
  void timed(Kind kind, const Call& call) {
    CallRow& row = rows_[kind];
    const std::uint64_t removed = removals_.count();
    const double cpu = now_ns(CLOCK_THREAD_CPUTIME_ID);
    const double wall = now_ns(CLOCK_MONOTONIC);
    call();
    const double wall_end = now_ns(CLOCK_MONOTONIC);
    const double cpu_end = now_ns(CLOCK_THREAD_CPUTIME_ID);
    row.wall_ns.add(wall_end - wall);
    row.cpu_ns.add(cpu_end - cpu);
    row.most_removed = std::max(row.most_removed, removals_.count() - removed);
  }

  [[nodiscard]] Kind next_kind() {
    ++steps_;
    const std::size_t long_ago = std::max<std::size_t>(entries_, 1'000);
    if (steps_ % (long_ago / 2) == 0) return kShrink;
    if (steps_ % (long_ago / 2) == long_ago / 8) return kGrow;
    if (steps_ % (long_ago / 10) == 1) return kInvalidateLargeTag;
    if (steps_ % 256 == 3) return kInvalidateSmallTag;
    if (steps_ % 16 == 7) return kInvalidateKey;
    return steps_ % 4 == 2 ? kGet : kPut;
  }

  void step() {
    const Kind kind = next_kind();
    const auto number = static_cast<std::uint32_t>(random_->next() % universe());
    write_key(number, key_);
    const auto invalidate = [&](const Label& label) {
      timed(kind, [&] { (void)tier_->invalidate({&label, 1}); });
    };
    switch (kind) {
      case kPut:
        return put(number);
      case kInvalidateKey:
        return invalidate(Label(LabelKind::kKey, key_));
      case kInvalidateSmallTag:
        return invalidate(small_[number / kSmallTagEntries]);
      case kInvalidateLargeTag:
        return invalidate(large_[number % kLargeTags]);
      case kShrink:
        return timed(kind, [&] { tier_->resize(entries_ * 9 / 10, kEnoughBytes); });
      case kGrow:
        return timed(kind, [&] { tier_->resize(entries_, kEnoughBytes); });
      default:
        return get(number);
    }
  }

  void put(std::uint32_t number) {
    EntryRef entry = make(number);
    timed(kPut, [&] {
      const Ticket ticket = tier_->position();
      tier_->put(key_ref(key_), std::move(entry), ticket, RemovalCause::kReplaced);
    });
  }

  void get(std::uint32_t number) {
    EntryRef entry;
    timed(kGet, [&] { entry = tier_->get(key_ref(key_)); });
    const Value value = value_of(number);
    if (entry && std::memcmp(&entry->value<Value>(), &value, sizeof value) != 0) ++wrong_;
  }

  const std::size_t entries_;
  std::unique_ptr<HotTier> tier_;
  Removals removals_;
  std::shared_ptr<Random> random_ = seeded_random(5);
  std::vector<Label> small_;
  std::vector<Label> large_;
  std::string key_;
  std::vector<CallRow> rows_;
  std::size_t steps_ = 0;
  std::uint64_t wrong_ = 0;
};

}  // namespace

ChurnReport run_churn(std::size_t entries, double seconds) { return Churn(entries).run(seconds); }

}  // namespace strata::bench
