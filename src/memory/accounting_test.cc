// What the memory tier says it takes, compared with what the allocator handed out.
#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>
#include <string>

#include "core/slab_heap.h"
#include "memory/test_entries.h"
#include "memory/tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"

namespace strata::memory {
namespace {

// The shares in charge.h are averages. Tables are between 3/8 and 3/4 full, so that the sum of
// charges may be this far from the truth, in either direction.
constexpr double kTolerance = 0.10;

double allocated_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd) +
         static_cast<double>(internal::slab_use().object_bytes);
}

struct Shape {
  std::string name;
  std::size_t value_bytes_max = 0;
  std::size_t own_tags = 0;     // that no other entry carries
  std::size_t shared_tags = 0;  // one of a thousand
  std::uint64_t max_entries = 0;
};

class MemoryAccounting : public testing::TestWithParam<Shape> {};

TEST_P(MemoryAccounting, ChargesAreCloseToWhatTheAllocatorHandedOut) {
  const Shape shape = GetParam();
  testkit::Random random(3);
  const auto clock = std::make_shared<ManualClock>();
  const LabelGroup group{{keyspace("user"), source("db")}};
  MemoryTier tier({.max_entries = shape.max_entries, .max_bytes = 1ULL << 30}, clock, 7);

  // Not at a size where the tables have just grown or are about to, but at several.
  std::size_t next = 0;
  const double before = allocated_bytes();
  for (const std::size_t count : {60'000, 80'000, 100'000}) {
    for (; next < count; ++next) {
      const std::string key = "1:user::" + std::to_string(next) + ":";
      Labels labels;
      for (std::size_t i = 0; i < shape.own_tags; ++i) {
        labels.push_back(tag("own:" + std::to_string(next) + ":" + std::to_string(i)));
      }
      for (std::size_t i = 0; i < shape.shared_tags; ++i) {
        labels.push_back(tag("shared:" + std::to_string(random.below(1'000))));
      }
      EntryRef entry = Entry::make<std::string>(
          {key, key_hash(key), {}}, std::string(random.between(0, shape.value_bytes_max), 'v'));
      entry->set_labels(labels);
      entry->set_group(&group);
      ASSERT_EQ(tier.fill(std::move(entry), tier.position()), FillOutcome::kStored);
    }
    const double taken = allocated_bytes() - before;
    const double charged = static_cast<double>(tier.stats().bytes);
    EXPECT_NEAR(charged / taken, 1.0, kTolerance)
        << count << " entries: charged " << charged << ", taken " << taken;
    RecordProperty("charged_by_taken_" + std::to_string(count), std::to_string(charged / taken));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, MemoryAccounting,
    testing::Values(
        Shape{.name = "Small", .value_bytes_max = 15},
        Shape{.name = "Medium", .value_bytes_max = 500},
        Shape{.name = "OwnTag", .value_bytes_max = 100, .own_tags = 1},
        Shape{.name = "SharedTags", .value_bytes_max = 100, .shared_tags = 3},
        Shape{.name = "ManyTags", .value_bytes_max = 15, .own_tags = 4, .shared_tags = 8},
        Shape{.name = "Evicting", .value_bytes_max = 100, .shared_tags = 1, .max_entries = 50'000}),
    [](const auto& shape) { return shape.param.name; });

}  // namespace
}  // namespace strata::memory
