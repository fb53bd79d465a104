// The database's tables: made, brought up to date, and what the file says of itself.
//
// Threads   Stateless; the connection is the caller's.
// Errors    As Database has them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sqlite/database.h"
#include "strata/core/result.h"

namespace strata::sqlite {

inline constexpr std::uint32_t kApplicationId = 0x53545241;  // "STRA"
inline constexpr std::uint32_t kSchemaVersion = 1;
// No Strata has a later one: the files of migrations/ are numbered with four digits.
inline constexpr std::uint32_t kSchemaVersionMax = 9'999;

// Brings the tables from the version before to `version`.
struct Migration {
  std::uint32_t version = 0;
  std::string_view sql;
};
// The migrations/ folder, in order; the last one's version is kSchemaVersion.
[[nodiscard]] std::span<const Migration> migrations();

// What the file says of itself.
// In the place of a boot: every commit and every mark of a call that returned is on the disk, so
// that a restart of the machine changes nothing.
inline constexpr std::uint64_t kAnyBoot = 0;

struct Meta {
  std::uint64_t epoch = 0;     // of the sequence that its numbers belong to
  std::uint64_t position = 0;  // no number in the file is higher
  std::uint64_t commits = 0;
  std::uint64_t entries = 0;
  std::uint64_t boot_id = 0;  // of the boot in which it was used last, or kAnyBoot
  bool clean = false;         // closed with everything in it
};
[[nodiscard]] Result<Meta> read_meta(Database& database);
[[nodiscard]] Result<void> write_meta(Database& database, const Meta& meta);

// Makes the tables in an empty database, which are on the disk when it returns.
[[nodiscard]] Result<void> make_schema(Database& database, const Meta& meta);

// Where the database is copied to before it is migrated.
struct Backup {
  std::string prefix;  // of its name, which ends with the version that the database had
  std::string vfs{};   // the layer of SQLite's file interface; empty: its default
};

// Runs those of `steps` that the database lacks, each in a transaction, after it was copied. The
// copy has its name only when it is whole and on the disk; without it, nothing is changed.
// kRejected, and nothing is changed, if the database has a version above the last step's.
[[nodiscard]] Result<void> migrate(Database& database, std::span<const Migration> steps,
                                   const Backup& backup);

}  // namespace strata::sqlite
