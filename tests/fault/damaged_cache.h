// DamagedCache: a cache whose files get damaged while nobody has it open, and what it may serve
// afterwards.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sqlite/check.h"
#include "sqlite/database.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/random.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {

inline KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A cache with records, of which some are invalidated, and its files as they are while it is
// open with invalidations on their way, or after it was closed.
class DamagedCache {
 public:
  static constexpr int kKeys = 120;
  static constexpr int kTags = 7;

  explicit DamagedCache(Random& random) : random_(random) {}

  [[nodiscard]] Result<std::unique_ptr<Tier>> open() {
    SqliteOptions options;
    options.path = path_;
    options.journal_slots = 64;
    return open_sqlite_tier(options, clock_, seeded_random(1));
  }

  void build(bool is_clean) {
    const std::unique_ptr<Tier> tier = open().value();
    for (int i = 0; i < kKeys; ++i) put(*tier, i);
    tier->flush({}).value();
    for (int i = 0; i < kKeys; i += 3) put(*tier, i);
    if (is_clean) {
      invalidate(*tier, tag("t1"));
      tier->close({});
      return;
    }
    tier->flush({}).value();
    // The writer has to wait, so what comes now is in the journal and not in the file.
    sqlite::Database blocker =
        sqlite::Database::open({.path = path_, .use = sqlite::Database::Use::kWrite}).value();
    blocker.execute("BEGIN IMMEDIATE").value();
    invalidate(*tier, tag("t2"));
    (void)tier->put(ref_to(name(5)), nullptr, tier->position(), {});
    expected_.erase(5);
    for (const char* suffix : {"", "-wal", ".journal"}) {
      files_[suffix] = read_file(path_ + suffix);
    }
    blocker.execute("ROLLBACK").value();
    blocker.close();
    tier->close({});
    for (const auto& [suffix, bytes] : files_) write_file(path_ + suffix, bytes);
  }

  void damage() {
    static constexpr const char* kSuffixes[] = {"", "-wal", ".journal"};
    const std::string file = path_ + kSuffixes[random_.below(3)];
    if (!std::filesystem::exists(file)) return;
    std::string bytes = read_file(file);
    if (bytes.empty()) return;
    const std::size_t at = random_.below(bytes.size());
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 1 + random_.skewed() % 9'000);
    switch (random_.below(8)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.append(random_.bytes(9'000));
        break;
      case 2:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, '\0');
        break;
      case 3:
        for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(random_.next());
        break;
      case 4: {
        // Two pages change places.
        constexpr std::size_t kPage = 4096;
        const std::size_t pages = bytes.size() / kPage;
        if (pages < 2) break;
        const std::size_t from = random_.below(pages) * kPage;
        const std::size_t to = random_.below(pages) * kPage;
        std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                         bytes.begin() + static_cast<std::ptrdiff_t>(from + kPage),
                         bytes.begin() + static_cast<std::ptrdiff_t>(to));
        break;
      }
      case 5:
        std::filesystem::remove(file);
        return;
      default:
        for (std::uint64_t flips = random_.between(1, 4); flips > 0; --flips) {
          bytes[random_.below(bytes.size())] ^= static_cast<char>(1 << random_.below(8));
        }
    }
    write_file(file, bytes);
  }

  // What a repair leaves needs no other.
  void repair() {
    sqlite::CheckOptions options{.sqlite = {.path = path_, .journal_slots = 64}, .repairs = true};
    const auto repaired = sqlite::check_cache(options, *clock_);
    if (!repaired.ok() && may_be_refused_) return;
    ASSERT_TRUE(repaired.ok()) << repaired.error().message;
    options.repairs = false;
    const auto checked = sqlite::check_cache(options, *clock_);
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    for (const sqlite::DamageFound& one : checked->damage) {
      ADD_FAILURE() << to_string(one.what) << ": " << one.first.front();
    }
  }

  void check() {
    auto opened = open();
    if (!opened.ok() && may_be_refused_) {
      // Neither the file nor the journal says that it is a cache, so somebody has to look.
      ASSERT_EQ(opened.error().code, ErrorCode::kRejected) << opened.error().message;
      return;
    }
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    Tier& tier = **opened;
    compare(tier);
    // What finds the entries must be right too.
    invalidate(tier, tag("t3"));
    invalidate(tier, keyspace("s1"));
    compare(tier);
    (void)tier.flush({});
    compare(tier);
    for (int i = 0; i < kKeys; i += 10) put(tier, i);
    bool is_flushed = tier.flush({}).ok();
    for (int attempt = 0; attempt < 20 && !is_flushed; ++attempt) is_flushed = tier.flush({}).ok();
    EXPECT_TRUE(is_flushed) << tier.stats().reason;
    compare(tier);
    tier.close({});
    if (testing::Test::HasFailure()) return;
    opened = open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    compare(**opened);
    EXPECT_NE((*opened)->stats().state, TierState::kOff);
    std::size_t kept = 0;
    for (int i = 0; i < kKeys; ++i) kept += (*opened)->get(ref_to(name(i)), {}).value() ? 1 : 0;
    has_kept_all_ = kept == expected_.size();
  }

  [[nodiscard]] bool has_kept_all() const { return has_kept_all_; }
  void may_be_refused() { may_be_refused_ = true; }

 private:
  static std::string name(int key) { return "1:damage::" + std::to_string(key) + ":"; }

  void put(Tier& tier, int key) {
    Record record;
    record.key_text = name(key);
    record.group = {keyspace("s" + std::to_string(key % 3))};
    record.labels = {tag("t" + std::to_string(key % kTags)), tag("all")};
    record.payload = std::to_string(++values_) + std::string(random_.below(1'500), '.');
    (void)tier.put(ref_to(record.key_text), &record, tier.position(), {});
    expected_[key] = record;
  }
  void invalidate(Tier& tier, const Label& label) {
    tier.invalidate({&label, 1});
    std::erase_if(expected_, [&](const auto& item) {
      const auto carries = [&](const Labels& labels) {
        return std::find(labels.begin(), labels.end(), label) != labels.end();
      };
      return carries(item.second.group) || carries(item.second.labels);
    });
  }
  void compare(Tier& tier) {
    for (int key = 0; key < kKeys; ++key) {
      const auto found = tier.get(ref_to(name(key)), {});
      if (!found.ok() || !found->has_value()) continue;
      const auto expected = expected_.find(key);
      ASSERT_NE(expected, expected_.end()) << name(key) << " was invalidated";
      ASSERT_EQ((*found)->payload, expected->second.payload) << name(key);
    }
  }

  Random& random_;
  TempDir folder_;
  const std::string path_ = folder_.file("cache.db");
  std::shared_ptr<ManualClock> clock_ = std::make_shared<ManualClock>();
  std::map<std::string, std::string> files_;
  std::map<int, Record> expected_;
  std::uint64_t values_ = 0;
  bool has_kept_all_ = false;
  bool may_be_refused_ = false;
};

}  // namespace strata::testkit
