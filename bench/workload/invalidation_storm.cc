// An invalidation storm on the memory tier: entries with ten tags each, invalidated tag by tag and
// key by key, and what a reader notices of it.
//
//   invalidation_storm [--smoke]
//
// Latencies are wall time of single calls, with about 25 ns of clock reading in them. What a reader
// notices is a ratio of pairs: a stretch of reads without the storm, and one during it.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/key.h"
#include "strata/memory/memory_tier.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"

namespace strata {
namespace {

constexpr std::size_t kTagsPerEntry = 10;
constexpr std::size_t kEntriesPerTagOfStorm = 10;

struct Scale {
  std::size_t entries = 1'000'000;  // and as many tags
  std::size_t invalidations = 1'000'000;
  std::size_t pairs = 40;
  std::size_t reads = 50'000;  // of one stretch
};

using Times = std::vector<std::uint32_t>;  // nanoseconds

template <typename Call>
void timed(Times& times, const Call& call) {
  const auto start = std::chrono::steady_clock::now();
  call();
  const auto took = std::chrono::steady_clock::now() - start;
  times.push_back(static_cast<std::uint32_t>(
      std::min<std::int64_t>(UINT32_MAX, std::chrono::nanoseconds(took).count())));
}

std::uint32_t share(Times& times, double of) {
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(times.size() - 1) * of);
  std::nth_element(times.begin(), times.begin() + at, times.end());
  return times[static_cast<std::size_t>(at)];
}

void print(const char* what, Times times) {
  const std::uint32_t middle = share(times, 0.5);
  const std::uint32_t high = share(times, 0.99);
  const std::uint32_t highest = *std::max_element(times.begin(), times.end());
  std::printf("%-46s %9zu calls  p50 %8.3f us  p99 %8.3f us  max %10.1f us\n", what, times.size(),
              middle / 1e3, high / 1e3, highest / 1e3);
}

const LabelGroup& group() {
  static const LabelGroup kGroup{{keyspace("user"), source("db")}};
  return kGroup;
}

std::string key_text(std::size_t number) { return "1:user::" + std::to_string(number) + ":"; }

class Bench {
 public:
  explicit Bench(const Scale& scale) : scale_(scale) {
    for (std::size_t i = 0; i < scale.entries; ++i) {
      Labels tags;
      for (std::size_t j = 0; j < kTagsPerEntry; ++j) tags.push_back(any_tag());
      fill(i, std::move(tags));
    }
  }

  // Reads with and without a storm of tags that the read entries do not carry.
  void reader() {
    Times quiet;
    Times stormy;
    Times calls;
    std::vector<double> ratios;
    std::size_t next_tag = 0;
    for (std::size_t pair = 0; pair < scale_.pairs; ++pair) {
      Times before = read();
      std::atomic<bool> ends{false};
      std::thread storm([&] {
        while (!ends) {
          const Label label = tag("storm:" + std::to_string(next_tag++));
          for (std::size_t i = 0; i < kEntriesPerTagOfStorm; ++i) {
            fill(scale_.entries + i, {label});
          }
          timed(calls, [&] { tier_->invalidate({&label, 1}); });
        }
      });
      Times during = read();
      ends = true;
      storm.join();
      ratios.push_back(static_cast<double>(share(during, 0.99)) / share(before, 0.99));
      quiet.insert(quiet.end(), before.begin(), before.end());
      stormy.insert(stormy.end(), during.begin(), during.end());
    }
    print("read, quiet", std::move(quiet));
    print("read, during the storm", std::move(stormy));
    print("invalidation of a tag of 10 entries, meanwhile", std::move(calls));
    std::sort(ratios.begin(), ratios.end());
    // The median's 95 % interval, by the order of the pairs.
    const std::size_t middle = ratios.size() / 2;
    const auto off = static_cast<std::size_t>(0.98 * std::sqrt(static_cast<double>(ratios.size())));
    std::printf("%-46s %.2f [%.2f, %.2f] of %zu pairs\n", "p99 of a read, during / quiet",
                ratios[middle], ratios[middle - std::min(middle, off)],
                ratios[std::min(ratios.size() - 1, middle + off)], ratios.size());
  }

  // Invalidates until little is left.
  void storm() {
    Times keys;
    for (std::size_t i = 0; i < scale_.invalidations / 10; ++i) {
      const Label label(LabelKind::kKey, key_text(random_->next() % scale_.entries));
      timed(keys, [&] { removed_ += tier_->invalidate({&label, 1}).removed.value_or(0); });
    }
    print("invalidation of a key", std::move(keys));
    Times tags;
    Times first;
    for (std::size_t i = 0; i < scale_.invalidations; ++i) {
      const Label label = any_tag();
      timed(tags, [&] { removed_ += tier_->invalidate({&label, 1}).removed.value_or(0); });
      if (i + 1 == scale_.invalidations / 20) first = tags;
    }
    print("invalidation of a tag, the first twentieth", std::move(first));
    print("invalidation of a tag, all", std::move(tags));
    std::printf("%zu entries, %llu removed, %llu left\n", scale_.entries,
                static_cast<unsigned long long>(removed_),                 // NOLINT: for printf
                static_cast<unsigned long long>(tier_->stats().entries));  // NOLINT: for printf
  }

 private:
  Label any_tag() { return tag("tag:" + std::to_string(random_->next() % scale_.entries)); }

  void fill(std::size_t number, const Labels& labels) {
    const std::string text = key_text(number);
    EntryRef entry = Entry::make<std::uint64_t>({text, key_hash(text), {}}, number);
    entry->set_group(&group());
    entry->set_times(kNever, kNever);
    entry->set_labels(labels);
    (void)tier_->fill(std::move(entry), tier_->position());
  }

  Times read() {
    Times times;
    times.reserve(scale_.reads);
    for (std::size_t i = 0; i < scale_.reads; ++i) {
      const std::string text = key_text(random_->next() % scale_.entries);
      const KeyRef key{text, key_hash(text), {}};
      timed(times, [&] { found_ += tier_->get(key) ? 1 : 0; });
    }
    return times;
  }

  const Scale scale_;
  std::unique_ptr<HotTier> tier_ =
      memory_tier({.max_bytes = 64ULL << 30, .shards = 64}, system_clock(), seeded_random(1));
  std::shared_ptr<Random> random_ = seeded_random(2);
  std::uint64_t removed_ = 0;
  std::uint64_t found_ = 0;
};

}  // namespace
}  // namespace strata

int main(int count, char** arguments) {
  strata::Scale scale;
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]) != "--smoke") {
      std::fprintf(stderr, "usage: invalidation_storm [--smoke]\n");
      return 2;
    }
    scale = {.entries = 10'000, .invalidations = 10'000, .pairs = 3, .reads = 2'000};
  }
  strata::Bench bench(scale);
  bench.reader();
  bench.storm();
  return 0;
}
