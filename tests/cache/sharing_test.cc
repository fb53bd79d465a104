// Two caches with one file, as two processes have them: what one invalidates leaves the memory of
// the other.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "strata/strata.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

class SharingTest : public ::testing::Test {
 protected:
  testkit::TempDir folder;
  Cache a = make();
  Cache b = make();
  Keyspace<std::string> in_a = a.keyspace<std::string>("space", {.ttl = std::chrono::hours(1)});
  Keyspace<std::string> in_b = b.keyspace<std::string>("space", {.ttl = std::chrono::hours(1)});

  [[nodiscard]] Cache make() const {
    SqliteOptions sqlite;
    sqlite.path = folder.file("cache.db");
    sqlite.sharing = true;
    sqlite.sharing_poll = std::chrono::milliseconds(5);
    return CacheBuilder().sqlite(sqlite).build().value();
  }
  static std::string load(Keyspace<std::string>& keyspace, const std::string& value) {
    return keyspace
        .get_or_load("k",
                     [&](Load& load) {
                       load.tag("t");
                       return value;
                     })
        .value();
  }
  static std::string held(Keyspace<std::string>& keyspace) {
    const auto found = keyspace.get("k");
    return found ? *found : "-";
  }
};

TEST_F(SharingTest, WhatOneLoadsTheOtherFindsInTheFile) {
  EXPECT_EQ(load(in_a, "value"), "value");
  EXPECT_EQ(load(in_b, "another"), "value");
}

TEST_F(SharingTest, WhatOneInvalidatesLeavesTheMemoryOfTheOther) {
  EXPECT_EQ(load(in_a, "old"), "old");
  EXPECT_EQ(load(in_b, "-"), "old");
  EXPECT_TRUE(a.invalidate(tag("t")).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
  EXPECT_EQ(load(in_b, "new"), "new");
  EXPECT_EQ(load(in_a, "-"), "new");
}

TEST_F(SharingTest, WhatOnePutsTheOtherServes) {
  EXPECT_EQ(load(in_b, "old"), "old");
  EXPECT_TRUE(in_a.put("k", "new").ok());
  testkit::wait_until([&] { return held(in_b) == "new"; });
  EXPECT_EQ(held(in_a), "new");
}

TEST_F(SharingTest, AClearOfOneEmptiesTheOther) {
  EXPECT_EQ(load(in_b, "old"), "old");
  EXPECT_TRUE(a.invalidate(everything()).ok());
  testkit::wait_until([&] { return held(in_b) == "-"; });
}

}  // namespace
}  // namespace strata
