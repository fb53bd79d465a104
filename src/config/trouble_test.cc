// What a user sees of a SQLite tier that fails behind calls that have returned.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "strata/config/open.h"
#include "testkit/temp_dir.h"
#include "testkit/wait_until.h"

namespace strata {
namespace {

class Lines {
 public:
  LogSink sink() {
    return [this](LogLevel level, std::string_view line) {
      const MutexLock lock(mutex_);
      if (level != LogLevel::kInfo) lines_.emplace_back(line);
    };
  }
  std::vector<std::string> all() {
    const MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  std::vector<std::string> lines_ STRATA_GUARDED_BY(mutex_);
};

TEST(TroubleBehind, IsCountedAndLoggedOnceAndTheTierIsNotOk) {
  const testkit::TempDir folder;
  const std::string home = folder.file("home");
  Lines lines;
  Cache cache =
      CacheBuilder().sqlite({.path = home + "/cache.db"}).log(lines.sink()).build().value();
  auto values = cache.keyspace<std::string>("value");
  values.put("1", "one");
  ASSERT_TRUE(cache.flush({}).ok());
  EXPECT_EQ(cache.stats().tier_errors, 0u);

  std::filesystem::rename(home, home + ".away");
  values.put("2", "two");
  const auto sqlite = [&] { return cache.stats().tiers.at(1).tier; };
  testkit::wait_until([&] { return sqlite().errors >= 3; });
  testkit::wait_until([&] { return cache.stats().tier_errors == 1; });
  testkit::wait_until([&] { return !lines.all().empty(); });
  testkit::wait_until([&] { return sqlite().errors >= 5; });
  EXPECT_EQ(cache.stats().tier_errors, 1u);
  ASSERT_EQ(lines.all().size(), 1u);
  EXPECT_NE(lines.all()[0].find("sqlite: writing failed"), std::string::npos) << lines.all()[0];
  EXPECT_NE(sqlite().state, TierState::kOk);
  EXPECT_EQ(values.get("2").value(), "two") << "of memory";

  std::filesystem::rename(home + ".away", home);
  testkit::wait_until([&] { return sqlite().state != TierState::kOff; });
  cache.close();
}

}  // namespace
}  // namespace strata
