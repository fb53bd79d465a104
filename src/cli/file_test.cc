#include "ports/small_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/stats_file.h"
#include "strata/ports/thread.h"
#include "testkit/temp_dir.h"

namespace strata::cli {
namespace {

namespace fs = std::filesystem;

class FileTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_.path() / name).string();
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  testkit::TempDir folder_;
};

TEST_F(FileTest, IsReplacedAsAWhole) {
  ASSERT_TRUE(internal::replace_file(path("a"), "first", 0600));
  ASSERT_TRUE(internal::replace_file(path("a"), std::string("se\0cond", 7), 0600));
  EXPECT_EQ(internal::read_file(path("a"), 100).value(), std::string("se\0cond", 7));
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(files(), 1u) << "nothing is left beside it";
}

TEST_F(FileTest, IsCreatedOnlyIfThereIsNone) {
  EXPECT_TRUE(internal::create_file(path("a"), "first", 0600).value());
  EXPECT_FALSE(internal::create_file(path("a"), "second", 0600).value());
  EXPECT_EQ(internal::read_file(path("a"), 100).value(), "first");
  fs::create_symlink("nowhere", path("link"));
  EXPECT_FALSE(internal::create_file(path("link"), "x", 0600).value());
  EXPECT_EQ(files(), 2u);
}

TEST_F(FileTest, IsNotReadThroughALinkNorBeyondItsLimit) {
  EXPECT_EQ(internal::read_file(path("missing"), 100).value(), "");
  ASSERT_TRUE(internal::replace_file(path("a"), "12345", 0600));
  EXPECT_TRUE(internal::read_file(path("a"), 5));
  EXPECT_EQ(internal::read_file(path("a"), 4).error().code, ErrorCode::kRejected);
  fs::create_symlink(path("a"), path("link"));
  EXPECT_EQ(internal::read_file(path("link"), 100).error().code, ErrorCode::kUnavailable);
}

TEST_F(FileTest, StaysAsItIsWhenTheFolderIsGone) {
  const Result<void> replaced = internal::replace_file(path("no/such/folder"), "x", 0600);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(replaced.error().message.find("no/such/folder"), std::string::npos);
}

TEST_F(FileTest, IsLeftAloneWhenTheChangeFails) {
  ASSERT_TRUE(internal::replace_file(path("a"), "before", 0600));
  const Result<void> updated =
      internal::update_file(path("a"), 100, 0600, [](const std::string&) -> Result<std::string> {
        return Error{ErrorCode::kRejected, "no", {}};
      });
  EXPECT_FALSE(updated);
  EXPECT_EQ(internal::read_file(path("a"), 100).value(), "before");
}

// flock() locks open files, so threads exclude each other as processes do.
TEST_F(FileTest, LosesNoUpdateOfSeveralAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kUpdates = 50;
  const auto append = [](const std::string& text) -> Result<std::string> { return text + "x"; };
  {
    std::vector<Thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back("updater", [&] {
        for (int j = 0; j < kUpdates; ++j) {
          EXPECT_TRUE(internal::update_file(path("a"), 10'000, 0600, append));
        }
      });
    }
  }
  EXPECT_EQ(internal::read_file(path("a"), 10'000).value().size(), kThreads * kUpdates);
}

TEST_F(FileTest, IsReadFromAPipeToo) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "bytes", 5), 5);
  ::close(ends[1]);
  EXPECT_EQ(internal::read_all(ends[0], 100, "the pipe").value(), "bytes");
  ::close(ends[0]);
}

RecordedStats one_run(std::int64_t unix_ms) {
  RecordedStats run;
  run.since.unix_ms = unix_ms;
  run.runs = 1;
  return run;
}

TEST_F(FileTest, OfStatisticsAddsUpRuns) {
  const std::string file = stats_file_of(path("cache.db"));
  EXPECT_EQ(file, path("cache.db.stats.json"));
  EXPECT_EQ(read_stats_file(file).value().runs, 0u);
  ASSERT_TRUE(add_to_stats_file(file, one_run(2000)));
  ASSERT_TRUE(add_to_stats_file(file, one_run(3000)));
  EXPECT_EQ(read_stats_file(file).value().runs, 2u);
  EXPECT_EQ(read_stats_file(file).value().since.unix_ms, 2000);
}

TEST_F(FileTest, OfStatisticsBeginsAnewWhenItIsDamaged) {
  const std::string file = path("damaged.stats.json");
  for (const std::string& damage : {std::string("{\"schema\":"), std::string(5u << 20, 'x')}) {
    ASSERT_TRUE(internal::replace_file(file, damage, 0600));
    ASSERT_FALSE(read_stats_file(file));
    const Result<void> added = add_to_stats_file(file, one_run(1000));
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(read_stats_file(file).value().runs, 1u);
    ASSERT_TRUE(add_to_stats_file(file, one_run(1000)));
    EXPECT_EQ(read_stats_file(file).value().runs, 2u);
  }
}

}  // namespace
}  // namespace strata::cli
