// Tests of the tier that stands in for one that could not be opened.
#include "config/off_tier.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace strata::internal {
namespace {

Key key_of(const std::string& identifier) {
  KeyParts parts;
  parts.keyspace = "x";
  parts.identifier = identifier;
  return Key::make(parts).value();
}

TEST(OffTier, SaysThatItIsOffAndWhy) {
  const auto tier = off_tier("sqlite", "the disk is gone");
  EXPECT_EQ(tier->name(), "sqlite");
  const TierStats stats = tier->stats();
  EXPECT_EQ(stats.name, "sqlite");
  EXPECT_EQ(stats.state, TierState::kOff);
  EXPECT_EQ(stats.reason, "the disk is gone");
}

TEST(OffTier, WhatNeedsTheStoreIsUnavailable) {
  const auto tier = off_tier("sqlite", "the disk is gone");
  const Key key = key_of("1");
  const std::array keys = {key.ref()};
  const auto expect_unavailable = [](const auto& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(result.error().message, "the tier sqlite is off: the disk is gone");
  };
  expect_unavailable(tier->get(key, {}));
  expect_unavailable(tier->get_many(keys, {}));
  expect_unavailable(tier->fill(Record(), tier->position(), {}));
  expect_unavailable(tier->put(key, nullptr, tier->position(), {}));
  expect_unavailable(tier->touch(key, {}, {}));
  expect_unavailable(tier->scan({}, 10, {}));
  expect_unavailable(tier->flush({}));
  EXPECT_EQ(tier->stats().errors, 7u);
  EXPECT_EQ(tier->remove_expired({}).value(), 0u);
}

TEST(OffTier, NumbersRiseAsInAnyTier) {
  const auto tier = off_tier("sqlite", "r");
  EXPECT_EQ(number(tier->position()), 0u);
  const std::array labels = {tag("a"), tag("b")};
  const InvalidateOutcome outcome = tier->invalidate(labels);
  EXPECT_EQ(number(outcome.position), 1u);
  EXPECT_EQ(outcome.removed, 0u);
  EXPECT_EQ(number(tier->position()), 1u);
  EXPECT_FALSE(tier->put(key_of("1"), nullptr, tier->position(), {}).ok());
  EXPECT_EQ(number(tier->position()), 2u);
  EXPECT_EQ(number(tier->invalidate({}).position), 2u) << "of nothing";
}

TEST(OffTier, ClosedIsClosed) {
  const auto tier = off_tier("sqlite", "r");
  tier->close({});
  tier->close({});
  EXPECT_EQ(tier->get(key_of("1"), {}).error().code, ErrorCode::kClosed);
}

}  // namespace
}  // namespace strata::internal
