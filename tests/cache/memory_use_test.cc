// What an entry takes of memory beside its key and value, as docs/cli.md and docs/eviction.md say
// it for `strata simulate --entry-overhead`.
#include <string>

#include "cache/cache_fixture.h"

namespace strata::testkit {
namespace {

class MemoryUseTest : public CacheFixture {
 protected:
  // In bytes, of each of many.
  double overhead(const KeyspaceOptions& options, const Labels& labels) {
    constexpr std::size_t kEntries = 5'000;
    constexpr std::size_t kValueBytes = 100;
    Cache cache = make_cache(0);
    auto users = cache.keyspace<std::string>("user", options);
    std::size_t key_bytes = 0;
    for (std::size_t i = 0; i < kEntries; ++i) {
      const std::string id = std::to_string(100'000 + i);
      EXPECT_TRUE(users.put(id, std::string(kValueBytes, 'v'), {.labels = labels}).ok());
      key_bytes += ("1:user::" + id + ":").size();
    }
    const auto bytes = static_cast<double>(cache.stats().tiers[0].tier.bytes);
    return (bytes - static_cast<double>(key_bytes)) / kEntries - kValueBytes;
  }
};

TEST_F(MemoryUseTest, OfAnEntryWithATtlAndATagIsAbout240BytesBesideKeyAndValue) {
  EXPECT_NEAR(overhead({.ttl = minutes(5)}, {tag("org:7")}), 240, 25);
}

TEST_F(MemoryUseTest, OfAnEntryIsAbout210BytesBesideKeyAndValue) {
  EXPECT_NEAR(overhead({.ttl = kForever}, {}), 210, 25);
}

}  // namespace
}  // namespace strata::testkit
