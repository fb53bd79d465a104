// Tests of the page checksums, and of how a connection is hardened.
#include "sqlite/checked_vfs.h"

#include <gtest/gtest.h>

#include <fstream>

#include "sqlite/database.h"
#include "sqlite/files.h"
#include "testkit/seeds.h"
#include "testkit/temp_dir.h"

namespace strata::sqlite {
namespace {

class CheckedVfsTest : public testing::Test {
 protected:
  void SetUp() override {
    make_file(path).value();
    Database made = Database::open({.path = path, .use = Database::Use::kMake}).value();
    made.execute(
            "PRAGMA page_size=4096; CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB);"
            "CREATE INDEX i ON t(b)")
        .value();
    made.execute(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<300)"
            " INSERT INTO t SELECT x, randomblob(100) FROM n")
        .value();
    made.close();
    ASSERT_TRUE(read_whole_file(path, bytes));
    ASSERT_EQ(bytes.size() % kPageBytes, 0u);
  }
  // The code of reading everything.
  [[nodiscard]] int read_all() const {
    auto database = Database::open({.path = path, .use = Database::Use::kWrite});
    if (!database) return database.error().code == ErrorCode::kCorrupt ? SQLITE_IOERR_DATA : -1;
    return database->run(
        "SELECT sum(length(b)) FROM t NOT INDEXED; SELECT max(length(b)) FROM t INDEXED BY i");
  }
  void set_bytes(const std::string& changed) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << changed;
  }

  testkit::TempDir folder;
  const std::string path = folder.file("t.db");
  std::string bytes;
};

TEST_F(CheckedVfsTest, EveryPageFitsItsChecksum) {
  EXPECT_EQ(read_all(), SQLITE_OK);
  for (std::size_t at = 0; at < bytes.size(); at += kPageBytes) {
    EXPECT_TRUE(page_is_intact(bytes.data() + at, static_cast<std::int64_t>(at))) << at;
    EXPECT_FALSE(page_is_intact(bytes.data() + at, static_cast<std::int64_t>(at + kPageBytes)));
  }
}

TEST_F(CheckedVfsTest, AnyFlippedBitOfAPageIsSeen) {
  testkit::for_each_seed(200, [&](testkit::Random& random) {
    const std::size_t at = random.below(bytes.size());
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.below(8)));
    set_bytes(damaged);
    ASSERT_EQ(fault_of(read_all()), Fault::kCorrupt) << "byte " << at;
  });
}

TEST_F(CheckedVfsTest, PagesThatChangedPlacesAreSeen) {
  std::string damaged = bytes;
  std::swap_ranges(damaged.begin() + 2 * kPageBytes, damaged.begin() + 3 * kPageBytes,
                   damaged.begin() + 4 * kPageBytes);
  set_bytes(damaged);
  EXPECT_EQ(fault_of(read_all()), Fault::kCorrupt);
}

TEST_F(CheckedVfsTest, ConnectionsAreHardened) {
  Database reader = Database::open({.path = path, .use = Database::Use::kRead}).value();
  EXPECT_EQ(reader.run("INSERT INTO t VALUES(1000, x'00')") & 0xff, SQLITE_READONLY);
  EXPECT_NE(reader.run("ATTACH ':memory:' AS other"), SQLITE_OK);
  EXPECT_NE(reader.run("SELECT load_extension('x')"), SQLITE_OK);
  EXPECT_EQ(reader.ask("PRAGMA mmap_size").value(), 0);
  EXPECT_EQ(reader.ask("PRAGMA trusted_schema").value(), 0);
  EXPECT_EQ(reader.ask("PRAGMA cell_size_check").value(), 1);
}

TEST_F(CheckedVfsTest, ALayerThatDoesNotExistIsAnError) {
  EXPECT_EQ(checked_vfs("no-such-layer"), nullptr);
  const auto opened = Database::open({.path = path, .vfs = "no-such-layer"});
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("no-such-layer"), std::string::npos);
}

}  // namespace
}  // namespace strata::sqlite
