// Tests of the label table, among them a model that never forgets.
#include "strata/core/label_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <new>
#include <thread>
#include <vector>

#include "testkit/seeds.h"

namespace {
// While set, `new (std::nothrow)` finds no memory.
bool no_memory = false;
}  // namespace

// NOLINTNEXTLINE: replaces the library's for this program, to make it fail.
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return no_memory ? nullptr : ::operator new[](size);
}

namespace strata {
namespace {

LabelId nth(std::uint64_t n) { return label_id(LabelKind::kTag, std::to_string(n)); }

Ticket raise_one(LabelTable& table, LabelId label) { return table.raise(std::span(&label, 1)); }

TEST(LabelTable, AnInvalidationAfterTheTicketIsSeen) {
  LabelTable table(8);
  const Ticket before = table.position();
  const Ticket at = raise_one(table, nth(1));
  EXPECT_EQ(number(at), number(before) + 1);
  EXPECT_EQ(table.position(), at);
  EXPECT_TRUE(table.invalidated_after(nth(1), before));
  EXPECT_FALSE(table.invalidated_after(nth(1), at)) << "a ticket taken afterwards is good";
  EXPECT_FALSE(table.invalidated_after(nth(2), before)) << "of another label";
}

TEST(LabelTable, OneOfSeveralLabelsIsEnough) {
  LabelTable table(8);
  raise_one(table, nth(3));
  const std::vector<LabelId> with{nth(1), nth(2), nth(3)};
  const std::vector<LabelId> without{nth(1), nth(2)};
  EXPECT_TRUE(table.invalidated_after(with, Ticket{0}));
  EXPECT_FALSE(table.invalidated_after(without, Ticket{0}));
  EXPECT_FALSE(table.invalidated_after(std::vector<LabelId>{}, Ticket{0}));
}

TEST(LabelTable, ARaiseOfSeveralLabelsHasOneNumber) {
  LabelTable table(8);
  const Ticket at = table.raise(std::vector<LabelId>{nth(1), nth(2), nth(1)});
  EXPECT_EQ(number(at), 1u);
  EXPECT_EQ(table.last(nth(1)), at);
  EXPECT_EQ(table.last(nth(2)), at);
  EXPECT_EQ(table.remembered(), 2u);
}

TEST(LabelTable, ARaiseOfNothingIsCounted) {
  LabelTable table(8);
  EXPECT_EQ(number(table.raise({})), 1u);
  EXPECT_EQ(number(table.position()), 1u);
}

TEST(LabelTable, NothingIsKnownOfWhatWasBeforeTheStart) {
  LabelTable table(8, Ticket{100});
  EXPECT_EQ(number(table.position()), 100u);
  EXPECT_EQ(number(table.floor()), 100u);
  EXPECT_TRUE(table.invalidated_after(nth(1), Ticket{99}));
  EXPECT_FALSE(table.invalidated_after(nth(1), Ticket{100}));
  EXPECT_EQ(number(table.last(nth(1))), 100u);
}

TEST(LabelTable, EverythingCountsForEveryLabel) {
  LabelTable table(8);
  const Ticket first = raise_one(table, nth(1));
  const Ticket all = raise_one(table, everything().id());
  EXPECT_TRUE(table.invalidated_after(nth(1), first));
  EXPECT_TRUE(table.invalidated_after(nth(2), first)) << "never seen before";
  EXPECT_FALSE(table.invalidated_after(nth(2), all));
  EXPECT_EQ(table.last(nth(2)), all);
  EXPECT_EQ(number(table.floor()), 0u) << "everything() forgets nothing";
  const Ticket later = raise_one(table, nth(1));
  EXPECT_EQ(table.last(nth(1)), later);
  EXPECT_FALSE(table.invalidated_after(nth(2), all));
  EXPECT_TRUE(table.invalidated_after(nth(1), all));
}

TEST(LabelTable, EverythingAmongOtherLabelsIsEverything) {
  LabelTable table(8);
  const Ticket at = table.raise(std::vector<LabelId>{nth(1), everything().id(), nth(2)});
  EXPECT_EQ(table.last(nth(1)), at);
  EXPECT_EQ(table.last(nth(9)), at);
}

TEST(LabelTable, AtLeastHalfItsCapacityIsRemembered) {
  LabelTable table(8);
  for (std::uint64_t n = 1; n <= 100; ++n) {
    raise_one(table, nth(n));
    EXPECT_LE(table.remembered(), 8u);
    const std::uint64_t oldest_kept = n < 4 ? 0 : n - 4;
    EXPECT_LE(number(table.floor()), oldest_kept) << "after " << n;
    table.check_invariants();
  }
  EXPECT_GT(number(table.floor()), 0u);
}

TEST(LabelTable, RaisingTheSameLabelsForgetsNothing) {
  LabelTable table(8);
  for (int round = 0; round < 100; ++round) {
    for (std::uint64_t n = 0; n < 4; ++n) raise_one(table, nth(n));
  }
  EXPECT_EQ(number(table.floor()), 0u);
  EXPECT_EQ(table.remembered(), 4u);
}

TEST(LabelTable, ARaiseOfMoreLabelsThanFitRefusesOlderTicketsOnly) {
  LabelTable table(8);
  const Ticket before = raise_one(table, nth(1'000));
  std::vector<LabelId> many;
  for (std::uint64_t n = 0; n < 100; ++n) many.push_back(nth(n));
  const Ticket at = table.raise(many);
  table.check_invariants();
  for (const LabelId label : many) {
    EXPECT_TRUE(table.invalidated_after(label, before));
    EXPECT_FALSE(table.invalidated_after(label, at));
  }
  EXPECT_LE(table.floor(), at);
}

TEST(LabelTable, MemoryIsBoundedAndGrowsWithUse) {
  constexpr std::size_t kCapacity = 1 << 12;
  LabelTable table(kCapacity);
  const std::size_t at_first = table.footprint_bytes();
  EXPECT_LT(at_first, 2'000u);
  for (std::uint64_t n = 0; n < 5 * kCapacity; ++n) raise_one(table, nth(n));
  EXPECT_GE(table.footprint_bytes(), 32 * kCapacity);
  EXPECT_LE(table.footprint_bytes(), 64 * kCapacity + 1'000);
  raise_one(table, everything().id());
  EXPECT_EQ(table.footprint_bytes(), at_first) << "everything() gives it back";
}

TEST(LabelTable, WithoutMemoryEverythingIsForgottenAndNothingIsOverlooked) {
  constexpr std::uint64_t kHalf = 1 << 11;
  LabelTable table(2 * kHalf);
  // The old half is full, and the young one is about to grow.
  for (std::uint64_t n = 0; n < kHalf; ++n) raise_one(table, nth(100 + n));
  for (std::uint64_t n = 0; n < 8; ++n) raise_one(table, nth(n));
  const Ticket before = table.position();
  no_memory = true;
  const Ticket at = raise_one(table, nth(8));
  const Ticket next = raise_one(table, nth(9));
  no_memory = false;
  table.check_invariants();
  EXPECT_EQ(table.floor(), at);
  EXPECT_TRUE(table.invalidated_after(nth(0), before));
  EXPECT_FALSE(table.invalidated_after(nth(0), at));
  EXPECT_TRUE(table.invalidated_after(nth(9), at));
  EXPECT_FALSE(table.invalidated_after(nth(9), next));

  for (std::uint64_t n = 0; n < 100; ++n) raise_one(table, nth(n));
  no_memory = true;
  const Ticket all = raise_one(table, everything().id());
  no_memory = false;
  table.check_invariants();
  EXPECT_EQ(table.remembered(), 0u);
  EXPECT_EQ(table.last(nth(1)), all);
}

TEST(LabelTableDeathTest, ACapacityBelowTwoIsAProgrammersError) {
  EXPECT_DEATH(LabelTable table(1), "capacity >= 2");
}

TEST(LabelTableDeathTest, NumbersDoNotWrap) {
  LabelTable table(8, Ticket{UINT64_MAX - 1});
  raise_one(table, nth(1));
  EXPECT_TRUE(table.invalidated_after(nth(1), Ticket{UINT64_MAX - 1}));
  EXPECT_DEATH(raise_one(table, nth(1)), "now < UINT64_MAX");
}

// Remembers everything, in a map.
class Model {
 public:
  explicit Model(std::uint64_t start) : start_(start), now_(start) {}

  void raise(const std::vector<LabelId>& labels) {
    ++now_;
    for (const LabelId label : labels) {
      if (label == everything().id()) all_ = now_;
      last_[label] = now_;
    }
  }
  [[nodiscard]] std::uint64_t last(LabelId label) const {
    const auto found = last_.find(label);
    return std::max(all_, found == last_.end() ? start_ : found->second);
  }
  [[nodiscard]] std::uint64_t labels_since(std::uint64_t from) const {
    return static_cast<std::uint64_t>(std::count_if(
        last_.begin(), last_.end(), [&](const auto& row) { return row.second >= from; }));
  }
  [[nodiscard]] std::uint64_t now() const { return now_; }
  [[nodiscard]] std::uint64_t all() const { return all_; }

 private:
  std::uint64_t start_;
  std::uint64_t now_;
  std::uint64_t all_ = 0;
  std::map<LabelId, std::uint64_t> last_;
};

// Any labels, everything() among them, repeated ones and none at all.
std::vector<LabelId> some_labels(testkit::Random& random, std::uint64_t label_count) {
  std::vector<LabelId> labels(random.one_in(20) ? random.below(3 * label_count) : random.below(4));
  for (LabelId& label : labels) {
    label = random.one_in(200) ? everything().id() : nth(random.below(label_count));
  }
  return labels;
}

void expect_agreement(const LabelTable& table, const Model& model, LabelId label,
                      std::uint64_t ticket) {
  const std::uint64_t floor = number(table.floor());
  const bool overdue = ticket < floor;
  ASSERT_EQ(table.invalidated_after(label, Ticket{ticket}), model.last(label) > ticket || overdue)
      << "label last " << model.last(label) << ", ticket " << ticket << ", floor " << floor;
  ASSERT_EQ(number(table.last(label)), std::max(model.last(label), floor));
}

// The promise has one direction, so the model is compared in two:
//   invalidated in the model  =>  invalidated in the table   always
//   invalidated in the table  =>  so in the model, or the ticket is below the floor
TEST(LabelTable, AgreesWithAModelThatRemembersEverything) {
  testkit::for_each_seed(200, [](testkit::Random& random) {
    const std::uint64_t scale = random.one_in(4) ? 20 : 1;
    const std::size_t capacity = random.between(2, 40 * scale);
    const std::uint64_t start = random.one_in(2) ? 0 : random.below(1'000);
    const std::uint64_t label_count = random.between(1, 60 * scale);
    LabelTable table(capacity, Ticket{start});
    Model model(start);

    for (int step = 0; step < 300; ++step) {
      const std::vector<LabelId> labels = some_labels(random, label_count);
      model.raise(labels);
      ASSERT_EQ(number(table.raise(labels)), model.now());
      ASSERT_EQ(number(table.position()), model.now());
      ASSERT_LE(table.remembered(), capacity);
      ASSERT_LE(number(table.floor()), model.now());

      // Tickets of the past and the present, long forgotten ones, and one still to come.
      const std::uint64_t ticket = random.below(model.now() + 3);
      for (std::uint64_t n = 0; n < label_count; ++n) {
        expect_agreement(table, model, nth(n), ticket);
      }
      expect_agreement(table, model, everything().id(), ticket);
      const std::vector<LabelId> asked = some_labels(random, label_count);
      const bool any = std::any_of(asked.begin(), asked.end(), [&](LabelId label) {
        return table.invalidated_after(label, Ticket{ticket});
      });
      const bool overdue = ticket < std::max(number(table.floor()), model.all());
      ASSERT_EQ(table.invalidated_after(asked, Ticket{ticket}), any || overdue);
      if (number(table.floor()) > std::max(start, model.all())) {
        ASSERT_GE(model.labels_since(number(table.floor())), capacity / 2) << "forgets too much";
      }
    }
    table.check_invariants();
  });
}

// Without the lock, while the table grows and forgets.
TEST(LabelTable, MayBeAskedToFetchAtAnyTime) {
  LabelTable table(1'000);
  std::atomic<bool> done = false;
  std::thread other([&] {
    for (std::uint64_t n = 0; !done; ++n) table.prefetch(nth(n % 5'000));
  });
  for (std::uint64_t n = 0; n < 20'000; ++n) {
    raise_one(table, n % 4'000 == 3'999 ? everything().id() : nth(n));
  }
  done = true;
  other.join();
  table.check_invariants();
}

}  // namespace
}  // namespace strata
