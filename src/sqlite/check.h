// check_cache(): looks through the files of a cache that no process has open, and puts right what
// is wrong with them if it is asked to.
//
// A check changes nothing. A repair only ever forgets: it removes entries that are damaged, and
// those that an invalidation may have missed because what leads from its label to them is damaged.
// What cannot be read at all is moved out of the way. It is one transaction: after whatever end
// of the process the file is as it was, or repaired.
//
//   CheckReport report = check_cache({.sqlite = options}, *clock).value();
//   if (!report.is_sound()) ...
//
// Threads   check_cache() owns the files while it runs, like a tier.
// Errors    kUnavailable, naming the owner, if another process has the files, and for a disk that
//           fails; kRejected for what opening refuses. Damage is no error.
// Memory    A record, the ids of all groups, and the marks of the journal.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/ports/clock.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::sqlite {

enum class Damage {
  kFile,         // it does not begin as a cache does, or its tables are not those of a cache
  kPages,        // SQLite finds that pages are damaged or do not fit together
  kJournal,      // the journal cannot be read
  kTrust,        // invalidations may be missing: the next opening would begin with an empty file
  kRecord,       // a record does not decode: its checksum, a length, a lifetime
  kKey,          // a row is found by another key than its record has
  kNumber,       // a number or epoch that is not the row's, or above the file's position
  kLabels,       // invalidations of a label of the entry's own may have missed it
  kGroup,        // invalidations of a label of its group may have missed it
  kExpiry,       // the minute in which the entry is looked at is not that in which it ends
  kStrayLabels,  // a row leads from a label to an entry that does not carry it
  kGroupRows,    // the rows of a group do not make its id
  kCount,        // the number of entries is not what the file says
};
[[nodiscard]] std::string_view to_string(Damage damage);  // "labels"
[[nodiscard]] std::string_view describe(Damage damage);   // a sentence for people
[[nodiscard]] bool is_whole_file(Damage damage);          // beyond single rows
[[nodiscard]] bool removes_entries(Damage damage);        // their repair; others mend a row

struct DamageFound {
  Damage what{};
  std::uint64_t count = 0;
  std::vector<std::string> first;  // keys, or what SQLite said; kFirstShown at most
};
inline constexpr std::size_t kFirstShown = 5;

struct CheckProgress {
  std::string_view phase;
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0: unknown
};

struct CheckOptions {
  SqliteOptions sqlite;
  std::string vfs{};  // the layer of SQLite's file interface; empty: its default
  bool repairs = false;
  // How a damaged record is called; without it, by its canonical key.
  std::function<std::string(const Record&)> name{};
  std::function<void(const CheckProgress&)> progress{};  // now and then
};

struct CheckReport {
  bool exists = false;
  std::vector<DamageFound> damage;   // in the order of the enumeration
  std::vector<std::string> remarks;  // nothing that is wrong, but worth knowing

  std::uint64_t entries = 0;
  std::uint64_t record_bytes = 0;
  std::uint64_t expired = 0;      // kept no longer
  std::uint64_t stale = 0;        // past their ttl
  std::uint64_t from_future = 0;  // written by a clock that was ahead: never served
  std::uint64_t invalidated = 0;  // by what the journal has: not removed yet
  std::uint64_t newer = 0;        // records of a later format, which this version cannot judge
  std::uint64_t labels = 0;       // rows that lead from labels to entries
  std::uint64_t groups = 0;
  std::uint64_t marks = 0;  // of the journal
  std::uint64_t pages = 0;
  std::uint64_t free_pages = 0;
  bool was_closed = false;  // by its last owner

  // Of a repair.
  std::uint64_t removed = 0;  // entries
  std::uint64_t mended = 0;   // rows that were put right or made superfluous
  std::string quarantined{};  // where the file went

  [[nodiscard]] bool is_sound() const { return damage.empty(); }
  void note(Damage what, const std::string& where, std::uint64_t count = 1);
};

[[nodiscard]] Result<CheckReport> check_cache(const CheckOptions& options, Clock& clock);

}  // namespace strata::sqlite
