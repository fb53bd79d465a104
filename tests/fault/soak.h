// R10: a mixed load over a full memory and a small file, for a while: the process stays within what
// its limits say, and nothing grows, leaks or is miscounted.
#pragma once

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

namespace strata::testkit {

struct SoakOptions {
  double seconds = 60;
  std::uint64_t memory_mib = 256;
  std::uint64_t file_mib = 64;
  std::uint64_t keys = 400'000;
};

// What was wrong, in the order of docs/reliability.md.
struct SoakFaults {
  std::uint64_t counted_bytes = 0;  // by an empty cache
  std::uint64_t counted_entries = 0;
  std::uint64_t wrong_values = 0;
  bool is_too_large = false;   // resident
  bool grows = false;          // after the first two of at least ten minutes
  std::size_t more_files = 0;  // than at first, with those of all readers
  std::size_t more_threads = 0;
};

class Soak {
 public:
  explicit Soak(const SoakOptions& options)
      : soak_(options),
        cache_(make_cache()),
        values_(cache_.keyspace<std::string>("values", {.ttl = std::chrono::seconds(20),
                                                        .stale_for = std::chrono::seconds(5),
                                                        .negative_ttl = std::chrono::seconds(5)})) {
  }

  void run() {
    fill();
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([this, thread] { work(thread); });
    }
    const auto pause =
        std::chrono::milliseconds(static_cast<int>(soak_.seconds * 1'000 / kSamples));
    for (int i = 0; i < kSamples; ++i) {
      std::this_thread::sleep_for(pause);
      samples_.push_back(sample());
    }
    is_over_ = true;
    for (std::thread& thread : threads) thread.join();
    executor_->close();  // what runs behind is over
    filled_bytes_ = memory().bytes;
    EXPECT_TRUE(cache_.clear().ok());
    EXPECT_TRUE(cache_.flush().ok());
  }

  // Of a run that is over.
  [[nodiscard]] SoakFaults faults() const {
    const Sample most = most_settled();
    const Sample& at_first = samples_.at(kSettled);
    const double resident_max = (1.15 * static_cast<double>(soak_.memory_mib) + 64) * kMiB;
    return {.counted_bytes = memory().bytes,
            .counted_entries = memory().entries,
            .wrong_values = wrong_,
            .is_too_large = most.resident_bytes > resident_max,
            .grows = soak_.seconds >= 600 && growth_mib(&Sample::resident_bytes) > 1,
            .more_files = most.files - std::min(most.files, at_first.files + kReaderFiles),
            .more_threads = most.threads - at_first.threads};
  }
  // The precondition of all the rest.
  [[nodiscard]] bool was_full() const { return filled_bytes_ > soak_.memory_mib * kMiB / 2; }

  void report() const {
    const std::string memory = std::to_string(soak_.memory_mib) + " MiB";
    Reliability report("R10", "a mixed load over " + memory + " of memory and a file of " +
                                  std::to_string(soak_.file_mib) + " MiB");
    const Sample most = most_settled();
    report.count("operations", operations_).count("samples", samples_.size()).seeds(1, kThreads);
    report.figure("cached_mib", static_cast<double>(filled_bytes_) / kMiB);
    report.figure("resident_mib_max", most.resident_bytes / kMiB);
    report.figure("growth_mib", growth_mib(&Sample::resident_bytes));
    report.figure("allocated_growth_mib", growth_mib(&Sample::allocated_bytes));
    report.figure("log_mib_max", most.log_bytes / kMiB);
    report.figure("open_files", static_cast<double>(most.files));
    // Fewer while an emptied file takes the place of one that would take longer to catch up.
    report.figure("open_files_least", static_cast<double>(fewest_files()));
    report.figure("threads", static_cast<double>(most.threads));
    const SoakFaults found = faults();
    report.violations("resident over 1.15 x " + memory + " + 64 MiB", found.is_too_large ? 1 : 0);
    report.violations("growth of more than 1 MiB after a fifth of ten minutes",
                      found.grows ? 1 : 0);
    report.violations("files more than at first", found.more_files);
    report.violations("threads more than at first", found.more_threads);
    report.violations("bytes that an empty cache counts", found.counted_bytes);
    report.violations("entries that an empty cache counts", found.counted_entries);
    report.violations("wrong values", found.wrong_values);
  }

  [[nodiscard]] Cache& cache() { return cache_; }

 private:
  static constexpr double kMiB = 1 << 20;
  static constexpr int kSamples = 100;
  static constexpr int kSettled = kSamples / 5;  // the samples before are left to settle
  static constexpr std::size_t kThreads = 4;
  // Of SQLite's four readers, each of which is opened when it is first needed.
  static constexpr std::size_t kReaderFiles = 8;

  struct Sample {
    double resident_bytes = 0;
    double allocated_bytes = 0;  // from the C library; what is free between them is not
    std::size_t files = 0;
    std::size_t threads = 0;
    double log_bytes = 0;
  };

  Cache make_cache() {
    CacheParts parts;
    parts.clock = system_clock();
    parts.hot = memory_tier({.max_bytes = soak_.memory_mib << 20}, parts.clock, seeded_random(1));
    SqliteOptions sqlite;
    sqlite.path = folder_.file("cache.db");
    sqlite.max_bytes = soak_.file_mib << 20;
    sqlite.max_pending_bytes = 8u << 20;
    sqlite.cache_bytes = 8u << 20;
    sqlite.put_wait = Duration(0);  // memory is what is filled; the file takes what it can
    parts.tiers.push_back(open_sqlite_tier(sqlite, parts.clock, seeded_random(2)).value());
    parts.executor = executor_;
    return Cache(std::move(parts));
  }

  [[nodiscard]] TierStats memory() const { return cache_.stats().tiers.at(0).tier; }

  // So that what is measured is a full cache, from the first moment on.
  void fill() {
    Random random(kThreads + 1);
    const auto is_full = [&] { return memory().bytes > (soak_.memory_mib << 20) / 10 * 9; };
    for (std::uint64_t key = 0; key % 1'000 != 0 || !is_full(); ++key) {
      const std::uint64_t one = key % soak_.keys;
      (void)values_.put(one, value_of(one, random), {.labels = {tag_of(one)}});
    }
  }

  // Every value begins with its key, and most are small.
  static std::string value_of(std::uint64_t key, Random& random) {
    return std::to_string(key) + ":" +
           std::string(random.below(random.one_in(8) ? 4'000 : 1'500), 'v');
  }
  // Four keys have one tag.
  [[nodiscard]] std::string tag_text(std::uint64_t key) const {
    return "t" + std::to_string(key % (soak_.keys / 4));
  }
  [[nodiscard]] Label tag_of(std::uint64_t key) const { return tag(tag_text(key)); }

  void work(std::size_t thread) {
    Random random(thread + 1);
    while (!is_over_) {
      // Some keys are asked for far more often than others.
      operation(random.below(random.below(soak_.keys) + 1), random);
      operations_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  void operation(std::uint64_t key, Random& random) {
    const std::uint64_t choice = random.below(100);
    if (choice < 80) {
      // It may run behind, when this call is over.
      const std::uint64_t seed = random.next();
      const auto found = values_.get_or_load(key, [this, key, seed](Load& load) {
        Random of_load(seed);
        load.tag(tag_text(key));
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

  static std::size_t entries_of(const char* folder) {
    using Entries = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(std::distance(Entries(folder), Entries()));
  }
  static double allocated() {
    const struct mallinfo2 info = ::mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  }
  [[nodiscard]] Sample sample() const {
    std::ifstream pages("/proc/self/statm");
    double total = 0;
    double resident = 0;
    pages >> total >> resident;
    std::error_code none;
    const auto log = std::filesystem::file_size(folder_.file("cache.db-wal"), none);
    return {.resident_bytes = resident * 4096,
            .allocated_bytes = allocated(),
            .files = entries_of("/proc/self/fd"),
            .threads = entries_of("/proc/self/task"),
            .log_bytes = none ? 0 : static_cast<double>(log)};
  }
  [[nodiscard]] Sample most_settled() const {
    Sample most;
    for (std::size_t at = kSettled; at < samples_.size(); ++at) {
      most.resident_bytes = std::max(most.resident_bytes, samples_[at].resident_bytes);
      most.log_bytes = std::max(most.log_bytes, samples_[at].log_bytes);
      most.files = std::max(most.files, samples_[at].files);
      most.threads = std::max(most.threads, samples_[at].threads);
    }
    return most;
  }
  [[nodiscard]] std::size_t fewest_files() const {
    std::size_t fewest = samples_.at(kSettled).files;
    for (std::size_t at = kSettled; at < samples_.size(); ++at) {
      fewest = std::min(fewest, samples_[at].files);
    }
    return fewest;
  }
  // From the second fifth to the last.
  [[nodiscard]] double growth_mib(double Sample::*what) const {
    return (mean(what, 0.8, 1) - mean(what, 0.2, 0.4)) / kMiB;
  }
  [[nodiscard]] double mean(double Sample::*what, double from, double to) const {
    double sum = 0;
    const auto first = static_cast<std::size_t>(from * kSamples);
    const auto last = static_cast<std::size_t>(to * kSamples);
    for (std::size_t i = first; i < last; ++i) sum += samples_[i].*what;
    return sum / static_cast<double>(last - first);
  }

  const SoakOptions soak_;
  TempDir folder_;
  std::shared_ptr<Executor> executor_ = thread_pool({.threads = 2});
  Cache cache_;
  Keyspace<std::string> values_;
  std::vector<Sample> samples_;
  std::uint64_t filled_bytes_ = 0;
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> wrong_{0};
  std::atomic<bool> is_over_{false};
};

}  // namespace strata::testkit
