// R10: a mixed load for as long as the budget allows, over a memory of 256 MiB and a small file:
// the process stays within what its limits say, and nothing grows, leaks or is miscounted.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "strata/memory/memory_tier.h"
#include "strata/ports/executor.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/tiered/cache.h"
#include "testkit/random.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"
#include "torture/budget.h"

namespace strata {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kMemoryBytes = 256 * kMiB;
constexpr std::uint64_t kFileBytes = 64 * kMiB;
constexpr double kResidentMax = 1.15 * kMemoryBytes + 64 * kMiB;
constexpr std::uint64_t kKeys = 400'000;
constexpr std::uint64_t kTags = 100'000;
constexpr int kSamples = 100;
constexpr std::size_t kThreads = 4;

struct Sample {
  double resident_bytes = 0;
  std::size_t files = 0;
  std::size_t threads = 0;
  double log_bytes = 0;
};

std::size_t entries_of(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class Soak {
 public:
  Soak() : cache_(make_cache()), values_(cache_.keyspace<std::string>("values", options())) {}

  void run() {
    fill();
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, thread] { work(thread); });
    }
    const auto pause =
        milliseconds(static_cast<int>(torture::Budget::seconds() * 1'000 / kSamples));
    for (int i = 0; i < kSamples; ++i) {
      std::this_thread::sleep_for(pause);
      samples_.push_back(sample());
    }
    is_over_ = true;
    for (std::thread& thread : threads) thread.join();
  }

  void judge() {
    executor_->close();  // what runs behind is over
    cache_.hot_tier().check_invariants();
    const double filled_bytes = static_cast<double>(cache_.stats().tiers.at(0).tier.bytes);
    EXPECT_TRUE(cache_.clear().ok());
    EXPECT_TRUE(cache_.flush().ok());
    cache_.hot_tier().check_invariants();
    const TierStats memory = cache_.stats().tiers.at(0).tier;
    // The first fifth is left to settle.
    const auto settled = samples_.begin() + kSamples / 5;
    Sample most;
    std::size_t fewest_files = settled->files;
    for (auto at = settled; at != samples_.end(); ++at) {
      most.resident_bytes = std::max(most.resident_bytes, at->resident_bytes);
      most.log_bytes = std::max(most.log_bytes, at->log_bytes);
      most.files = std::max(most.files, at->files);
      most.threads = std::max(most.threads, at->threads);
      fewest_files = std::min(fewest_files, at->files);
    }
    testkit::Reliability report("R10", "a mixed load over 256 MiB of memory and a file of 64 MiB");
    report.count("operations", operations_).count("samples", samples_.size()).seeds(1, kThreads);
    report.figure("cached_mib", filled_bytes / kMiB);
    report.figure("resident_mib_max", most.resident_bytes / kMiB);
    report.figure("growth_mib", (mean(0.8, 1) - mean(0.2, 0.4)) / kMiB);
    report.figure("log_mib_max", most.log_bytes / kMiB);
    report.figure("open_files", static_cast<double>(most.files));
    // Fewer while an emptied file takes the place of one that would take longer to catch up.
    report.figure("open_files_least", static_cast<double>(fewest_files));
    report.figure("threads", static_cast<double>(most.threads));
    report.violations("resident over 1.15 x 256 MiB + 64 MiB",
                      most.resident_bytes > kResidentMax ? 1 : 0);
    report.violations("files more than at first", most.files - settled->files);
    report.violations("threads more than at first", most.threads - settled->threads);
    report.violations("bytes that an empty cache counts", memory.bytes);
    report.violations("entries that an empty cache counts", memory.entries);
    report.violations("wrong values", wrong_);
    EXPECT_GT(filled_bytes, kMemoryBytes / 2) << "it must have been full to say anything";
  }

 private:
  static KeyspaceOptions options() {
    return {.ttl = std::chrono::seconds(20),
            .stale_for = std::chrono::seconds(5),
            .negative_ttl = std::chrono::seconds(5)};
  }
  Cache make_cache() {
    CacheParts parts;
    parts.clock = system_clock();
    parts.hot = memory_tier({.max_bytes = kMemoryBytes}, parts.clock, seeded_random(1));
    SqliteOptions sqlite;
    sqlite.path = folder_.file("cache.db");
    sqlite.max_bytes = kFileBytes;
    sqlite.max_pending_bytes = 8 * kMiB;
    sqlite.cache_bytes = 8 * kMiB;
    sqlite.put_wait = Duration(0);  // memory is what is filled; the file takes what it can
    parts.tiers.push_back(open_sqlite_tier(sqlite, parts.clock, seeded_random(2)).value());
    parts.executor = executor_;
    return Cache(std::move(parts));
  }

  // So that what is measured is a full cache, from the first moment on.
  void fill() {
    testkit::Random random(kThreads + 1);
    const auto is_full = [&] {
      return cache_.stats().tiers.at(0).tier.bytes > kMemoryBytes / 10 * 9;
    };
    for (std::uint64_t key = 0; key % 1'000 != 0 || !is_full(); ++key) {
      (void)values_.put(key % kKeys, value_of(key % kKeys, random), {.labels = {tag_of(key)}});
    }
  }

  // Every value begins with its key, and most are small.
  static std::string value_of(std::uint64_t key, testkit::Random& random) {
    return std::to_string(key) + ":" +
           std::string(random.below(random.one_in(8) ? 4'000 : 1'500), 'v');
  }
  static Label tag_of(std::uint64_t key) { return tag("t" + std::to_string(key % kTags)); }

  void work(std::size_t thread) {
    testkit::Random random(thread + 1);
    while (!is_over_) {
      // Some keys are asked for far more often than others.
      const std::uint64_t key = random.below(random.below(kKeys) + 1);
      operation(key, random);
      operations_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void operation(std::uint64_t key, testkit::Random& random) {
    const std::uint64_t choice = random.below(100);
    if (choice < 80) {
      // It may run behind, when this call is over.
      const std::uint64_t seed = random.next();
      const auto found = values_.get_or_load(key, [key, seed](Load& load) {
        testkit::Random of_load(seed);
        load.tag("t" + std::to_string(key % kTags));
        return of_load.one_in(50) ? std::nullopt : std::optional(value_of(key, of_load));
      });
      const std::string begin = std::to_string(key) + ":";
      if (found && !std::string_view(*found).starts_with(begin)) ++wrong_;
    } else if (choice < 95) {
      (void)values_.put(key, value_of(key, random), {.labels = {tag_of(key)}});
    } else if (choice < 97) {
      (void)cache_.invalidate(tag_of(key));
    } else if (choice < 98) {
      (void)cache_.expire(tag_of(key));
    } else {
      (void)values_.erase(key);
    }
  }

  [[nodiscard]] Sample sample() const {
    std::ifstream pages("/proc/self/statm");
    double total = 0;
    double resident = 0;
    pages >> total >> resident;
    std::error_code none;
    const auto log = fs::file_size(folder_.file("cache.db-wal"), none);
    return {.resident_bytes = resident * 4096,
            .files = entries_of("/proc/self/fd"),
            .threads = entries_of("/proc/self/task"),
            .log_bytes = none ? 0 : static_cast<double>(log)};
  }
  // Of what is resident, over a part of the time.
  [[nodiscard]] double mean(double from, double to) const {
    double sum = 0;
    const auto first = static_cast<std::size_t>(from * kSamples);
    const auto last = static_cast<std::size_t>(to * kSamples);
    for (std::size_t i = first; i < last; ++i) sum += samples_[i].resident_bytes;
    return sum / static_cast<double>(last - first);
  }

  testkit::TempDir folder_;
  std::shared_ptr<Executor> executor_ = thread_pool({.threads = 2});
  Cache cache_;
  Keyspace<std::string> values_;
  std::vector<Sample> samples_;
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<bool> is_over_{false};
};

// With as many heaps as the C library makes by itself, what is free in one serves no other
// (docs/operations.md).
TEST(SoakTorture, AMixedLoadStaysWithinItsLimits) {
  ASSERT_EQ(::mallopt(M_ARENA_MAX, 1), 1);
  Soak soak;
  soak.run();
  soak.judge();
}

}  // namespace
}  // namespace strata
