// Opening: what is done to the files before a tier serves anything.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/files.h"
#include "sqlite/journal.h"
#include "sqlite/store.h"
#include "strata/core/result.h"
#include "strata/core/ticket.h"
#include "strata/ports/clock.h"
#include "strata/ports/random.h"
#include "strata/sqlite/sqlite_tier.h"

namespace strata::sqlite {

struct Opened {
  Descriptor lock;
  std::unique_ptr<Store> store;      // open, or closed if the disk failed
  std::unique_ptr<Journal> journal;  // in memory then
  bool journal_is_on_disk = false;
  std::uint64_t epoch = 0;
  Ticket position{};        // above every number in file and journal
  std::vector<Mark> marks;  // what the journal was made with
  std::string loss;         // what was lost, for people
  std::string trouble;      // why there is no file, for people
};

// Why the rows of a file may not be served. The rules, in the words of docs/consistency.md: a file
// is trusted as far as everything that was invalidated since is known.
struct Distrust {
  std::string why{};       // empty: they may
  bool is_damage = false;  // something went wrong with the files; else they are only too old
};
[[nodiscard]] Distrust distrust(const SqliteOptions& options, std::uint64_t boot_id,
                                const std::optional<JournalContents>& journal, const Meta& meta);

// What those left who shared a file and did not close it.
struct Sharers {
  bool exist = false;         // there is a page of theirs
  std::uint64_t epoch = 0;    // of their file; 0: the page is not whole
  std::uint64_t commits = 0;  // that the file must have
  bool is_damaged = false;    // as they found
  // Whether the page takes the place of a journal, for one who knows the rest of it.
  bool vouch = false;
  // Whether an opening that fails is reported and changes nothing, instead of beginning empty.
  bool keep_on_failure = false;
};
[[nodiscard]] Sharers sharers_of(const Paths& paths);

// What open_files() does when it owns the files at `paths`; Opened::lock stays empty.
[[nodiscard]] Result<Opened> open_owned(const SqliteOptions& options, const Paths& paths,
                                        const std::string& vfs, Clock& clock, Random& random,
                                        const Sharers& sharers);
[[nodiscard]] Result<void> check_options(const SqliteOptions& options);

// Errors: those of open_sqlite_tier().
[[nodiscard]] Result<Opened> open_files(const SqliteOptions& options, const std::string& vfs,
                                        Clock& clock, Random& random);

}  // namespace strata::sqlite
