// Opening, replacing and closing the database file.
#include "sqlite/store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "sqlite/checked_vfs.h"

namespace strata::sqlite {
namespace {

int on_commit(void* log_pages, sqlite3*, const char*, int pages) {
  *static_cast<std::uint64_t*>(log_pages) = static_cast<std::uint64_t>(std::max(pages, 0));
  return SQLITE_OK;
}

// Closes a connection whose opening did not succeed.
Result<void> failed(Store& store, Error error) {
  store.close(error.message);
  return error;
}

}  // namespace

Store::Store(StoreOptions options, Clock& clock)
    : options_(std::move(options)), clock_(clock), readers_(options_.readers, clock) {}

Store::~Store() { close({}); }

Result<void> Store::connect() {
  // Half of the pages is the writer's; it also needs them when nobody reads.
  Result<Database> opened = Database::open({.path = options_.paths.database,
                                            .vfs = options_.vfs,
                                            .use = Database::Use::kWrite,
                                            .cache_bytes = options_.cache_bytes / 2});
  if (!opened) return opened.error();
  database_ = std::move(*opened);
  log_pages_ = 0;
  opened_inode_ = inode();
  sqlite3_wal_hook(database_.handle(), on_commit, &log_pages_);
  return database_.execute("PRAGMA journal_mode=wal");
}

Result<void> Store::open() {
  if (auto connected = connect(); !connected) return failed(*this, connected.error());
  const auto application = database_.ask("PRAGMA application_id");
  if (!application) return failed(*this, application.error());
  if (*application != kApplicationId) {
    return failed(*this, {ErrorCode::kCorrupt,
                          "the cache file " + database_.path() + " lost its application id",
                          {}});
  }
  const Backup backup{.prefix = options_.paths.database + ".before-v", .vfs = options_.vfs};
  if (auto done = migrate(database_, migrations(), backup); !done) {
    return failed(*this, done.error());
  }
  if (auto read = read_meta_again(); !read) return failed(*this, read.error());
  auto rows = Rows::prepare(database_);
  if (!rows) return failed(*this, rows.error());
  rows_ = std::move(*rows);
  const char* synchronous =
      options_.is_durable ? "PRAGMA synchronous=full" : "PRAGMA synchronous=normal";
  if (auto done = database_.execute(synchronous); !done) return failed(*this, done.error());
  return {};
}

// The new file gets its name when it is complete, so that a file under that name always is.
Result<void> Store::make_fresh(const Meta& meta) {
  const Paths& paths = options_.paths;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) remove_file(paths.fresh + suffix);
  if (auto made = make_file(paths.fresh); !made) return made;
  Result<Database> fresh =
      Database::open({.path = paths.fresh, .vfs = options_.vfs, .use = Database::Use::kMake});
  if (!fresh) return fresh.error();
  if (auto made = make_schema(*fresh, meta); !made) return made;
  fresh->close();
  if (auto removed = remove_database(paths); !removed) return removed;
  if (std::rename(paths.fresh.c_str(), paths.database.c_str()) != 0) {
    return Error{ErrorCode::kUnavailable,
                 "naming the new cache file " + paths.database + ": " + std::strerror(errno),
                 {}};
  }
  // The file that was there before may be one that is trusted after a loss of power.
  sync_folder_of(paths.database);
  return {};
}

Result<void> Store::start_over(const Meta& meta) {
  close_for_a_new_one();
  if (auto made = make_fresh(meta); !made) return failed(*this, made.error());
  return open();
}

void Store::admit_readers() {
  readers_.open({.path = options_.paths.database,
                 .vfs = options_.vfs,
                 .use = Database::Use::kRead,
                 .cache_bytes = options_.cache_bytes / 2 / options_.readers},
                meta_.epoch);
}

void Store::close(const std::string& reason) {
  readers_.close(reason);
  rows_.reset();
  database_.close();
}

void Store::close_for_a_new_one() {
  readers_.suspend();
  rows_.reset();
  database_.close();
}

Result<void> Store::mark_in_use(std::uint64_t position) {
  const std::uint64_t boot_id = boot_in_use();
  // If it says so already, no loss of power can make it say something else.
  if (!meta_.clean && meta_.boot_id == boot_id) return {};
  Meta meta = meta_;
  meta.clean = false;
  meta.boot_id = boot_id;
  meta.position = std::max(meta.position, position);
  ++meta.commits;
  if (auto done = database_.execute("PRAGMA synchronous=full"); !done) return done;
  if (auto written = write_meta(database_, meta); !written) return written;
  meta_ = meta;
  if (options_.is_durable) return {};
  return database_.execute("PRAGMA synchronous=normal");
}

namespace {

// Interrupts what a connection does when its time is over. A check of the pages is one instruction
// of SQLite's, so that its progress handler is not called; but it reads pages.
class Patience final : public ReadWatch {
 public:
  Patience(sqlite3* handle, const Clock& clock, Duration at_most)
      : handle_(handle), clock_(clock), end_(saturating_add(clock.now(), at_most)) {
    watch(this);
  }
  ~Patience() { watch(nullptr); }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  void before_read() override {
    if (reads_++ % kPagesBetweenLooks != 0 || clock_.now() <= end_) return;
    is_over_ = true;
    sqlite3_interrupt(handle_);
  }
  [[nodiscard]] bool is_over() const { return is_over_; }

 private:
  static constexpr unsigned kPagesBetweenLooks = 16;

  void watch(ReadWatch* watch) { sqlite3_file_control(handle_, "main", kWatchReads, watch); }

  sqlite3* const handle_;
  const Clock& clock_;
  const Instant end_;
  unsigned reads_ = 0;
  bool is_over_ = false;
};

}  // namespace

Result<void> Store::quick_check(Duration at_most) {
  Result<Statement> check = database_.prepare("PRAGMA quick_check(1)");
  if (!check) return check.error();
  const Patience patience(database_.handle(), clock_, at_most);
  const int step = check->step();
  const bool is_good = step == SQLITE_ROW && check->blob(0) == "ok";
  check->reset();
  // An interrupted check takes the pages that it did not come to for lost.
  const bool is_unfinished = patience.is_over() && step == SQLITE_ROW;
  if (is_good || is_unfinished || step == SQLITE_INTERRUPT) return {};
  if (step != SQLITE_ROW) return database_.error("checking", step);
  return Error{
      ErrorCode::kCorrupt, "the pages of " + database_.path() + " do not fit together", {}};
}

Result<void> Store::read_meta_again() {
  Result<Meta> meta = read_meta(database_);
  if (!meta) return meta.error();
  meta_ = *meta;
  return {};
}

int Store::checkpoint(bool truncate) {
  int pages_in_log = 0;
  int pages_copied = 0;
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code =
      sqlite3_wal_checkpoint_v2(database_.handle(), nullptr, mode, &pages_in_log, &pages_copied);
  is_copied_ = code == SQLITE_OK && pages_copied == pages_in_log;
  if (code == SQLITE_OK && truncate) log_pages_ = 0;
  // Somebody reads: the rest is copied another time.
  return fault_of(code) == Fault::kBusy ? SQLITE_OK : code;
}

void Store::finish() {
  // The last connection that closes then removes the log.
  sqlite3_db_config(database_.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  close({});
}

}  // namespace strata::sqlite
