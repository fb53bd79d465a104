// Whether what is on the disk may be trusted, and what to do if not.
#include "sqlite/opening.h"

#include <algorithm>
#include <utility>

#include "sqlite/checked_vfs.h"
#include "sqlite/shared_control.h"

namespace strata::sqlite {
namespace {

// How long an unclean open may look for damage.
constexpr Duration kCheckTime = std::chrono::milliseconds(25);
// The same, where pages had no checksum that could tell.
constexpr Duration kSealedCheckTime = std::chrono::seconds(1);

Error rejected(const std::string& what) { return {ErrorCode::kRejected, what, {}}; }

}  // namespace

Result<void> check_options(const SqliteOptions& options) {
  constexpr std::uint64_t kBytesMin = 1u << 20;
  constexpr std::size_t kReadersMax = 64;
  constexpr std::size_t kSlotsMin = 64;
  constexpr std::size_t kSlotsMax = 1u << 20;
  if (options.max_bytes < kBytesMin) {
    return rejected("max_bytes of the SQLite tier is " + std::to_string(options.max_bytes) +
                    "; it must be at least 1 MiB");
  }
  if (options.readers < 1 || options.readers > kReadersMax) {
    return rejected("readers of the SQLite tier is " + std::to_string(options.readers) +
                    "; it must be from 1 to 64");
  }
  if (options.journal_slots < kSlotsMin || options.journal_slots > kSlotsMax) {
    return rejected("journal_slots of the SQLite tier is " + std::to_string(options.journal_slots) +
                    "; it must be from 64 to 1048576");
  }
  if (options.max_pending_writes < 1) {
    return rejected("max_pending_writes of the SQLite tier is 0; it must be at least 1");
  }
  if (options.put_wait < Duration::zero()) {
    return rejected("put_wait of the SQLite tier is negative");
  }
  return {};
}

namespace {

bool is_of(const std::optional<JournalContents>& journal, const Meta& meta) {
  return journal && journal->owner.epoch == meta.epoch;
}

// What was found when the tier was opened.
struct Situation {
  const SqliteOptions& options;
  Clock& clock;
  const std::optional<JournalContents>& journal;
  const Sharers& sharers;
  bool has_log = false;    // of SQLite's
  bool is_sealed = false;  // pages were without a checksum
};

// Why what is in the file may not be served; empty: it may.
std::string doubt(const Situation& situation, const Meta& meta) {
  const Sharers& sharers = situation.sharers;
  const bool is_theirs = sharers.epoch == meta.epoch;
  if (is_theirs && sharers.commits > meta.commits) return "commits are missing from it";
  // What they invalidated is in tables that only they know.
  const bool is_open = sharers.exist && (is_theirs || sharers.epoch == 0) && !meta.clean;
  if (is_open && !(is_theirs && sharers.vouch)) return "it was shared and not closed";
  if (is_open && !is_of(situation.journal, meta)) return {};
  return distrust(situation.options, situation.clock.boot_id(), situation.journal, meta).why;
}

// Opens the store with what is in it, if that may be served.
Result<bool> open_trusted(Opened& opened, const Situation& situation) {
  if (auto done = opened.store->open(); !done) return done.error();
  const Meta& meta = opened.store->meta();
  if (situation.sharers.is_damaged && situation.sharers.epoch == meta.epoch) {
    return Error{ErrorCode::kCorrupt, "processes that shared it found it so", {}};
  }
  if (const std::string why = doubt(situation, meta); !why.empty()) {
    opened.store->close(why);
    return false;
  }
  if (!meta.clean || situation.is_sealed) {
    const Duration time = situation.is_sealed ? kSealedCheckTime : kCheckTime;
    if (auto checked = opened.store->quick_check(time); !checked) return checked.error();
  }
  opened.epoch = meta.epoch;
  opened.position = Ticket{meta.position};
  if (is_of(situation.journal, meta)) opened.marks = situation.journal->marks;
  for (const Mark& mark : opened.marks) {
    opened.position = std::max(opened.position, mark.number);
  }
  return true;
}

// Another program that was the last to close the file left pages without checksums, and no log.
bool seal(const std::string& path, Situation& situation) {
  if (situation.has_log || situation.is_sealed) return false;
  situation.is_sealed = seal_pages(path) > 0;
  return situation.is_sealed;
}

// The file is ours to keep or to replace; afterwards it is open, or the error says why not.
Result<void> open_store(Opened& opened, const Found& found, Situation& situation) {
  bool is_damaged = found.kind == Found::Kind::kDamaged;
  std::string damage = "it does not begin as a cache file does";
  if (found.kind == Found::Kind::kCache) {
    Result<bool> trusted = open_trusted(opened, situation);
    const bool is_corrupt = !trusted && trusted.error().code == ErrorCode::kCorrupt;
    if (is_corrupt) opened.store->close(trusted.error().message);
    if (is_corrupt && seal(opened.store->paths().database, situation)) {
      trusted = open_trusted(opened, situation);
    }
    if (trusted && *trusted) return {};
    if (!trusted && trusted.error().code != ErrorCode::kCorrupt) return trusted.error();
    is_damaged = !trusted;
    if (is_damaged) damage = trusted.error().message;
  }
  opened.store->close(damage);
  if (is_damaged) {
    const std::string name = quarantine(opened.store->paths(), situation.clock.wall_now());
    opened.loss = "started empty, the cache file was damaged: " + damage +
                  (name.empty() ? std::string() : "; it was moved to " + name);
  }
  opened.marks.clear();
  opened.position = Ticket{0};
  return opened.store->start_over({.epoch = opened.epoch, .boot_id = opened.store->boot_in_use()});
}

Result<void> make_journal(Opened& opened, const SqliteOptions& options, const Clock& clock) {
  const Store& store = *opened.store;
  // A file that any boot may trust needs a journal that survives as well, until it says otherwise.
  const bool durable = options.durability == Durability::kPower || store.meta().boot_id == kAnyBoot;
  auto journal = Journal::make(store.paths().journal,
                               {.owner = {.epoch = opened.epoch, .schema = kSchemaVersion},
                                .inode = store.inode(),
                                .committed = store.meta().commits,
                                .boot_id = clock.boot_id(),
                                .slots = options.journal_slots,
                                .durable = durable},
                               opened.marks);
  if (!journal) return journal.error();
  opened.journal = std::move(*journal);
  opened.journal_is_on_disk = true;
  return {};
}

}  // namespace

Distrust distrust(const SqliteOptions& options, std::uint64_t boot_id,
                  const std::optional<JournalContents>& journal, const Meta& meta) {
  const bool is_power_safe = meta.boot_id == kAnyBoot;
  const bool same_boot =
      is_power_safe ? is_of(journal, meta) && journal->boot_id == boot_id : meta.boot_id == boot_id;
  if (is_of(journal, meta) && journal->committed > meta.commits) {
    return {"commits are missing from it", true};
  }
  if (meta.clean) return {};
  if (!is_of(journal, meta)) return {"it was not closed and has no journal", true};
  if (!same_boot && !is_power_safe) return {"the machine was restarted while it was open", false};
  // A loss of power may tear the journal, but what a call waited for is on the disk.
  if (!journal->intact && same_boot) return {"its journal is damaged", true};
  if (journal->marks.size() > 2 * options.journal_slots) return {"its journal is too long", false};
  return {};
}

Sharers sharers_of(const Paths& paths) {
  Sharers sharers{.exist = inode_of(paths.shared) != 0};
  const std::unique_ptr<SharedControl> page = SharedControl::open(paths.shared);
  if (!page) return sharers;
  sharers.epoch = page->owner().epoch;
  sharers.commits = page->committed();
  sharers.is_damaged = page->is_damaged();
  return sharers;
}

Result<Opened> open_files(const SqliteOptions& options, const std::string& vfs, Clock& clock,
                          Random& random) {
  if (auto checked = check_options(options); !checked) return checked.error();
  auto paths = prepare_paths(options.path, options.allow_network_file_system);
  if (!paths) return paths.error();
  if (auto checked = check_files(*paths); !checked) return checked.error();
  auto lock = lock_files(*paths);
  if (!lock) return lock.error();
  const Sharers sharers = sharers_of(*paths);
  Result<Opened> opened = open_owned(options, *paths, vfs, clock, random, sharers);
  if (!opened) return opened.error();
  opened->lock = std::move(*lock);
  // From here on it says nothing that is true, and nobody may believe it later.
  if (sharers.exist) {
    remove_file(paths->shared);
    sync_folder_of(paths->shared);
  }
  return opened;
}

Result<Opened> open_owned(const SqliteOptions& options, const Paths& paths, const std::string& vfs,
                          Clock& clock, Random& random, const Sharers& sharers) {
  Opened opened;
  const std::optional<JournalContents> journal = Journal::read(paths.journal);
  Situation situation{options, clock, journal, sharers, inode_of(paths.wal) != 0};
  auto found = inspect(paths, journal);
  if (found && found->kind == Found::Kind::kDamaged && seal(paths.database, situation)) {
    found = inspect(paths, journal);
  }
  if (!found) return found.error();

  opened.store =
      std::make_unique<Store>(StoreOptions{.paths = paths,
                                           .vfs = vfs,
                                           .cache_bytes = options.cache_bytes,
                                           .readers = options.readers,
                                           .is_durable = options.durability == Durability::kPower},
                              clock);
  opened.epoch = random.next();
  auto done = open_store(opened, *found, situation);
  if (done) done = make_journal(opened, options, clock);
  if (done) {
    // Nothing is served before the disk knows that the file is in use.
    done = opened.store->mark_in_use(number(opened.position));
  }
  if (done) return opened;
  if (done.error().code == ErrorCode::kRejected) return done.error();
  if (done.error().code == ErrorCode::kDeadlineExceeded) {
    // Somebody else's lock is no damage: nothing in the file has changed.
    opened.store->close(done.error().message);
    return Error{ErrorCode::kUnavailable,
                 done.error().message +
                     ", and it is left as it is: end that program, or what it "
                     "does with the file, and start again",
                 {}};
  }
  // Nobody goes on without it, so nothing is invalidated that it would not know.
  if (sharers.keep_on_failure) {
    opened.store->close(done.error().message);
    return Error{ErrorCode::kUnavailable, done.error().message, {}};
  }

  // A disk that fails is no reason not to start. The writer makes a new file when it can. Until
  // then no journal survives this process, so nobody may find the old file after it.
  opened.store->close(done.error().message);
  if (auto removed = remove_database(paths); !removed) {
    return Error{
        ErrorCode::kUnavailable, done.error().message + "; then " + removed.error().message, {}};
  }
  sync_folder_of(paths.database);
  opened.trouble = done.error().message;
  opened.epoch = random.next();
  opened.position = Ticket{0};
  opened.marks.clear();
  opened.journal = Journal::make_in_memory(options.journal_slots);
  opened.journal_is_on_disk = false;
  return opened;
}

}  // namespace strata::sqlite
