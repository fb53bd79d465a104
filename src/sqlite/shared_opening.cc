// Who is first, who joins, and who is last.
#include "sqlite/shared_opening.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "core/quote.h"
#include "sqlite/opening.h"

namespace strata::sqlite {
namespace {

// How long an opening waits for others that open, recover or close the file.
constexpr Duration kJoinPause = std::chrono::milliseconds(10);
constexpr int kJoinTries = 200;
// The lock is held for a transaction at a time; a process that is stopped may have it for ever.
constexpr Duration kTurnWait = std::chrono::seconds(5);
constexpr Duration kPollMin = std::chrono::milliseconds(1);

void pause() {
  Mutex mutex;
  CondVar never;
  const MutexLock lock(mutex);
  static_cast<void>(never.wait_for(mutex, kJoinPause));
}

Result<Descriptor> open_lock(const Paths& paths) {
  Descriptor file(::open(paths.lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                         S_IRUSR | S_IWUSR));
  if (file.is_open()) return file;
  return Error{ErrorCode::kRejected,
               "the cache's lock file " + internal::quoted(paths.lock) +
                   " cannot be made: " + std::strerror(errno),
               {}};
}

// Only for what others say who find the file in use.
void sign(const Descriptor& lock) {
  const std::string owner = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock.get(), 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(lock.get(), owner.data(), owner.size(), 0);
}

// Everything in the file counts as invalidated from now on.
int invalidate_all(SharedRows& rows, SharedState& state, Meta& meta) {
  SharedLabel known;
  const int code = rows.find(everything().id(), known);
  if (known.last() == Ticket{}) ++state.labels;
  known.hard = Ticket{++meta.position};
  known.removes = true;
  return code == SQLITE_OK ? rows.keep(everything().id(), known) : code;
}

// What the first one writes: nobody has a ticket of before, and what a single owner's journal
// knows is to be removed still. `demanded` is where the new page's count goes on: not below what
// the file says is done.
int begin_sharing(Store& store, SharedRows& rows, const std::vector<Mark>& marks,
                  std::uint64_t& demanded) {
  SharedState state;
  Meta meta = store.meta();
  int code = store.rows().begin();
  if (code == SQLITE_OK) code = rows.read(state);
  for (const Mark& mark : marks) {
    meta.position = std::max(meta.position, number(mark.number));
    SharedLabel known;
    if (code == SQLITE_OK) code = rows.find(mark.label, known);
    if (known.last() == Ticket{}) ++state.labels;
    known.hard = std::max(known.hard, mark.number);
    known.removes = true;
    if (code == SQLITE_OK) code = rows.keep(mark.label, known);
  }
  if (code == SQLITE_OK && demanded > state.cleared) code = invalidate_all(rows, state, meta);
  demanded = state.cleared = std::max(state.cleared, demanded);
  state.floor = Ticket{meta.position};
  if (code == SQLITE_OK) code = rows.write(state);
  ++meta.commits;
  if (code == SQLITE_OK) code = store.rows().commit(meta);
  if (code == SQLITE_OK) store.set_meta(meta);
  if (code != SQLITE_OK) store.rows().roll_back();
  return code;
}

// Recovers the files, which are this opening's alone, and vouches for them.
Result<void> recover(const SqliteOptions& options, const Paths& paths, const std::string& vfs,
                     Clock& clock, Random& random, std::string& loss) {
  const std::unique_ptr<SharedControl> former = SharedControl::open(paths.shared);
  if (former) former->set_in_recovery(true);
  Sharers sharers = sharers_of(paths);
  sharers.vouch = former && former->owner().boot_id == clock.boot_id();
  sharers.keep_on_failure = true;
  Result<Opened> opened = open_owned(options, paths, vfs, clock, random, sharers);
  if (!opened) return opened.error();
  if (!opened->trouble.empty()) return Error{ErrorCode::kUnavailable, opened->trouble, {}};
  if (!opened->loss.empty()) loss = opened->loss;

  Store& store = *opened->store;
  if (auto made = SharedRows::make_tables(store.database()); !made) return made;
  std::uint64_t demanded = 0;
  if (former && former->owner().epoch == opened->epoch) demanded = former->demanded();
  {
    auto rows = SharedRows::prepare(store.database(), SharedRows::Use::kWrite);
    if (!rows) return rows.error();
    const int code = begin_sharing(store, **rows, opened->marks, demanded);
    if (code != SQLITE_OK) return store.database().error("writing to", code);
  }
  store.close({});
  const SharedControl::Owner owner{.epoch = opened->epoch, .boot_id = clock.boot_id()};
  auto control = SharedControl::make(paths.shared, owner,
                                     {.demanded = demanded, .committed = store.meta().commits});
  if (!control) return control.error();
  // What it knew is in the file.
  if (::unlink(paths.journal.c_str()) == 0 || errno == ENOENT) {
    // A loss of power may not bring it back.
    if (store.meta().boot_id == kAnyBoot) sync_folder_of(paths.journal);
    (*control)->set_in_recovery(false);
    return {};
  }
  return Error{
      ErrorCode::kUnavailable, "removing " + paths.journal + ": " + std::strerror(errno), {}};
}

// Opens a file that is vouched for. False: this one is not, by now.
Result<bool> join(SharedOpened& opened, const SqliteOptions& options, const std::string& vfs,
                  Clock& clock) {
  opened.control = SharedControl::open(opened.paths.shared);
  if (!opened.control || opened.control->is_damaged() || opened.control->is_in_recovery() ||
      opened.control->owner().boot_id != clock.boot_id()) {
    return false;
  }
  const SharedTurn turn(*opened.control, clock, {saturating_add(clock.now(), kTurnWait)});
  if (!turn.has_it()) {
    return Error{ErrorCode::kUnavailable,
                 "the cache file " + internal::quoted(opened.paths.database) +
                     " is in use by another process that keeps its lock, which is stopped or "
                     "hangs: let it go on, or end it, and start again",
                 {}};
  }
  opened.store =
      std::make_unique<Store>(StoreOptions{.paths = opened.paths,
                                           .vfs = vfs,
                                           .cache_bytes = options.cache_bytes,
                                           .readers = options.readers,
                                           .is_durable = options.durability == Durability::kPower},
                              clock);
  Store& store = *opened.store;
  if (auto done = store.open(); !done) {
    if (done.error().code == ErrorCode::kCorrupt) opened.control->report_damage();
    return Error{ErrorCode::kUnavailable, done.error().message, {}};
  }
  if (store.meta().clean || store.meta().epoch != opened.control->owner().epoch) return false;
  if (store.meta().commits < opened.control->committed()) opened.control->report_damage();
  if (opened.control->is_damaged()) return false;
  sqlite3_busy_timeout(store.database().handle(), kSharedBusyMs);
  auto rows = SharedRows::prepare(store.database(), SharedRows::Use::kWrite);
  if (!rows) return rows.error();
  opened.rows = std::move(*rows);
  const int code = opened.rows->read(opened.state);
  if (code != SQLITE_OK) return store.database().error("reading", code);
  return true;
}

// Says in the file that nothing is left to do with it, if so.
bool mark_clean(SharedOpened& opened) {
  Store& store = *opened.store;
  SharedState state;
  std::optional<SharedRows::Live> live;
  int code = store.rows().begin();
  if (code == SQLITE_OK) code = opened.rows->read(state);
  if (code == SQLITE_OK) code = opened.rows->find_live(live);
  if (code == SQLITE_OK && !store.read_meta_again()) code = SQLITE_ERROR;
  const bool is_done = !live && state.cleared >= opened.control->demanded();
  Meta meta = store.meta();
  meta.clean = true;
  ++meta.commits;
  if (code == SQLITE_OK && is_done) code = store.rows().commit(meta);
  if (code == SQLITE_OK && is_done) return true;
  store.rows().roll_back();
  return false;
}

// Why nobody could join in all that time.
Error unopened(const Paths& paths) {
  const std::unique_ptr<SharedControl> control = SharedControl::open(paths.shared);
  const bool is_damaged = control && control->is_damaged();
  return {
      ErrorCode::kUnavailable,
      "the cache file " + internal::quoted(paths.database) +
          (is_damaged ? " is damaged, and nobody uses it until all processes that have it close it"
                      : " is in use by a process that does not share it, or is being recovered"),
      {}};
}

void let_go(SharedOpened& opened) {
  opened.rows.reset();
  opened.store.reset();
  opened.control.reset();
}

}  // namespace

Result<SharedOpened> open_shared_files(const SqliteOptions& options, const std::string& vfs,
                                       Clock& clock, Random& random) {
  if (auto checked = check_options(options); !checked) return checked.error();
  if (options.sharing_poll < kPollMin) {
    return Error{
        ErrorCode::kRejected, "sharing_poll of the SQLite tier is less than a millisecond", {}};
  }
  auto paths = prepare_paths(options.path, options.allow_network_file_system);
  if (!paths) return paths.error();
  if (auto checked = check_files(*paths); !checked) return checked.error();
  SharedOpened opened;
  opened.paths = *paths;
  auto lock = open_lock(*paths);
  if (!lock) return lock.error();
  opened.lock = std::move(*lock);
  for (int tries = 0; tries < kJoinTries; ++tries) {
    const int file = opened.lock.get();
    if (::flock(file, LOCK_EX | LOCK_NB) == 0) {
      auto done = recover(options, *paths, vfs, clock, random, opened.loss);
      if (!done) return done.error();
      ::flock(file, LOCK_UN);
    }
    if (::flock(file, LOCK_SH | LOCK_NB) == 0) {
      auto joined = join(opened, options, vfs, clock);
      if (!joined) return joined.error();
      if (*joined) {
        opened.origin = opened.control->next_member();
        sign(opened.lock);
        return opened;
      }
      let_go(opened);
      ::flock(file, LOCK_UN);
    }
    pause();
  }
  return unopened(*paths);
}

bool is_in_place(const SharedOpened& opened) {
  struct stat lock {};
  return opened.store->is_in_place() && opened.control->is_current(opened.paths.shared) &&
         ::fstat(opened.lock.get(), &lock) == 0 && !leads_elsewhere(opened.paths.lock, lock.st_ino);
}

void close_shared_files(SharedOpened& opened, Clock& clock, Deadline deadline) {
  // Who is in a transaction still is waited for, or keeps what it uses.
  const SharedTurn turn(*opened.control, clock, deadline);
  if (!turn.has_it()) return;
  Store& store = *opened.store;
  const bool is_last = ::flock(opened.lock.get(), LOCK_EX | LOCK_NB) == 0;
  // Somebody may have had the files between the two locks.
  const bool is_same = is_last && is_in_place(opened) && inode_of(opened.paths.journal) == 0;
  const bool is_clean = is_same && !opened.control->is_damaged() && mark_clean(opened);
  opened.rows.reset();
  if (is_clean && store.checkpoint(true) == SQLITE_OK) {
    store.finish();
    remove_file(opened.paths.shared);
  }
  store.close("the SQLite tier is closed");
  opened.lock = Descriptor();
}

}  // namespace strata::sqlite
