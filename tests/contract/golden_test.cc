// R16: what a release has written, every later one reads. The file of a cache, as version 1 of the
// database wrote it, is opened, served, invalidated and written to; the record's own golden file is
// Record.TheGoldenFileOfVersion1Decodes.
//
// With STRATA_UPDATE=1 a golden file that is missing is written. None is ever written again.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "strata/ports/environment.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"
#include "strata/testing/manual_clock.h"
#include "testkit/reliability.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(STRATA_GOLDEN_FOLDER) / "cache_v1.db";

KeyRef ref_to(const std::string& key) { return {key, key_hash(key), {}}; }
std::string key_of(int number) { return "1:golden::" + std::to_string(number) + ":"; }

Record record_of(int number) {
  Record record;
  record.key_text = key_of(number);
  record.group = {keyspace("golden"), source("db")};
  record.labels = {tag("even" + std::to_string(number % 2)), tag("all")};
  record.lifetime = {
      .written_wall = ManualClock::kWallStart, .fresh_for = kForever, .keep_for = kForever};
  record.version = "v" + std::to_string(number);
  record.negative = number == 4;
  if (!record.negative) record.payload = "value " + std::to_string(number);
  record.raw_size = static_cast<std::uint32_t>(record.payload.size());
  return record;
}

std::unique_ptr<Tier> open(const std::string& path) {
  SqliteOptions options;
  options.path = path;
  return open_sqlite_tier(options, std::make_shared<ManualClock>(), seeded_random(1)).value();
}

void write_golden() {
  const testkit::TempDir folder;
  const std::string path = folder.file("cache.db");
  const auto tier = open(path);
  for (int number = 1; number <= 5; ++number) {
    const Record record = record_of(number);
    (void)tier->put(ref_to(record.key_text), &record, tier->position(), {}).value();
  }
  tier->close({});
  fs::copy_file(path, kGolden);
}

TEST(Golden, TheFileOfVersion1IsServedInvalidatedAndWrittenTo) {
  if (system_environment()("STRATA_UPDATE") && !fs::exists(kGolden)) write_golden();
  const testkit::TempDir folder;
  const std::string path = folder.file("cache.db");
  fs::copy_file(kGolden, path);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);

  auto tier = open(path);
  EXPECT_EQ(tier->stats().reason, "");
  std::uint64_t wrong = 0;
  for (int number = 1; number <= 5; ++number) {
    const auto found = tier->get(ref_to(key_of(number)), {}).value();
    ASSERT_TRUE(found.has_value()) << number;
    const Record expected = record_of(number);
    const bool is_same = found->payload == expected.payload && found->labels == expected.labels &&
                         found->group == expected.group && found->version == expected.version &&
                         found->negative == expected.negative &&
                         found->lifetime.fresh_for == expected.lifetime.fresh_for;
    EXPECT_TRUE(is_same) << number;
    wrong += is_same ? 0 : 1;
  }
  const Label odd = tag("even1");
  tier->invalidate({&odd, 1});
  const Record added = record_of(6);
  (void)tier->put(ref_to(added.key_text), &added, tier->position(), {}).value();
  tier->close({});
  tier = open(path);
  EXPECT_FALSE(tier->get(ref_to(key_of(3)), {}).value().has_value()) << "it was invalidated";
  EXPECT_TRUE(tier->get(ref_to(key_of(2)), {}).value().has_value());
  EXPECT_TRUE(tier->get(ref_to(key_of(6)), {}).value().has_value());
  testkit::Reliability("R16", "the file of a cache that version 1 wrote")
      .count("versions", 1)
      .count("records", 5)
      .violations("records that differ", wrong);
}

}  // namespace
}  // namespace strata
