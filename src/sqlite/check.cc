// The files of a cache, one after the other: whether they can be read, whether they would be
// trusted, and then their rows.
#include "sqlite/check.h"

#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "sqlite/check_rows.h"
#include "sqlite/checked_vfs.h"
#include "sqlite/files.h"
#include "sqlite/opening.h"
#include "sqlite/schema.h"

namespace strata::sqlite {
namespace {

constexpr int kInstructionsBetweenTelling = 1'000'000;
constexpr std::size_t kCacheBytes = 16u << 20;

struct DamageText {
  std::string_view name;
  std::string_view meaning;
};

DamageText text_of(Damage damage) {
  switch (damage) {
    case Damage::kFile:
      return {"file", "it is not what a cache file has to be"};
    case Damage::kPages:
      return {"pages", "pages are damaged or do not fit together"};
    case Damage::kJournal:
      return {"journal", "the journal cannot be read"};
    case Damage::kTrust:
      return {"trust", "invalidations may be missing, so that nothing in it would be served"};
    case Damage::kRecord:
      return {"records", "records that do not decode"};
    case Damage::kKey:
      return {"keys", "records under another key than their own"};
    case Damage::kNumber:
      return {"numbers", "records with a number that is not their row's or the file's"};
    case Damage::kLabels:
      return {"labels", "entries that an invalidation of their labels may have missed"};
    case Damage::kGroup:
      return {"groups",
              "entries that an invalidation of their keyspace, source or type may have "
              "missed"};
    case Damage::kExpiry:
      return {"expiry", "entries that are looked at in another minute than that of their end"};
    case Damage::kStrayLabels:
      return {"stray-labels", "rows that lead from a label to what does not carry it"};
    case Damage::kGroupRows:
      return {"group-rows", "groups whose labels do not make their id"};
    case Damage::kCount:
      break;
  }
  return {"count", "the number of entries is not what the file says"};
}

// Files are the owner's alone.
void remark_on_modes(const Paths& paths, CheckReport& report) {
  constexpr mode_t kOthers = 077;
  for (const std::string* path : {&paths.database, &paths.wal, &paths.journal}) {
    struct stat status {};
    if (::lstat(path->c_str(), &status) != 0 || (status.st_mode & kOthers) == 0) continue;
    report.remarks.push_back("others than its owner may read or write " + *path +
                             ": chmod 600 takes the right from them");
  }
}

// A read that makes files beside the database, as SQLite does, leaves none that are empty.
class TidyUp {
 public:
  explicit TidyUp(const Paths& paths)
      : paths_(paths), had_log_(inode_of(paths.wal) != 0), had_index_(inode_of(paths.shm) != 0) {}
  ~TidyUp() {
    struct stat status {};
    if (had_log_ || (::lstat(paths_.wal.c_str(), &status) == 0 && status.st_size > 0)) return;
    remove_file(paths_.wal);
    if (!had_index_) remove_file(paths_.shm);
  }
  TidyUp(const TidyUp&) = delete;
  TidyUp& operator=(const TidyUp&) = delete;

 private:
  const Paths& paths_;
  const bool had_log_;
  const bool had_index_;
};

class Checker {
 public:
  Checker(const CheckOptions& options, Clock& clock, const Paths& paths)
      : options_(options), clock_(clock), paths_(paths) {}

  Result<CheckReport> run() {
    journal_ = Journal::read(paths_.journal);
    // Every page is looked at below.
    const bool has_log = inode_of(paths_.wal) != 0;
    if (const std::uint64_t sealed = options_.repairs && !has_log ? seal_pages(paths_.database) : 0;
        sealed > 0) {
      report_.remarks.push_back(
          std::to_string(sealed) +
          " pages had no checksum, since a program that is not Strata was the "
          "last to close the file; they have one again");
    }
    const auto found = inspect(paths_, journal_);
    if (!found) return found.error();
    if (found->kind == Found::Kind::kNothing) return report_;
    report_.exists = true;
    remark_on_modes(paths_, report_);
    Result<void> done;
    if (found->kind == Found::Kind::kDamaged) {
      report_.note(Damage::kFile, "it does not begin as a cache file does");
    } else {
      done = check_database();
      if (!done && done.error().code == ErrorCode::kCorrupt) {
        report_.note(Damage::kPages, done.error().message);
        done = {};
      }
    }
    if (!done && done.error().code == ErrorCode::kDeadlineExceeded) {
      return Error{ErrorCode::kUnavailable, done.error().message, {}};
    }
    if (!done) return done.error();
    if (options_.repairs) put_aside();
    std::sort(report_.damage.begin(), report_.damage.end(),
              [](const DamageFound& a, const DamageFound& b) { return a.what < b.what; });
    return std::move(report_);
  }

 private:
  // Whether single rows are not worth looking at, or changing.
  [[nodiscard]] bool is_lost() const {
    return std::any_of(report_.damage.begin(), report_.damage.end(), [&](const DamageFound& one) {
      return is_whole_file(one.what) && (one.what != Damage::kJournal || !meta_.clean);
    });
  }
  [[nodiscard]] bool has(Damage damage) const {
    return std::any_of(report_.damage.begin(), report_.damage.end(),
                       [&](const DamageFound& one) { return one.what == damage; });
  }

  Result<void> check_database() {
    const TidyUp tidy(paths_);
    Result<Database> opened =
        Database::open({.path = paths_.database,
                        .vfs = options_.vfs,
                        .use = options_.repairs ? Database::Use::kWrite : Database::Use::kRead,
                        .cache_bytes = kCacheBytes});
    if (!opened) return opened.error();
    Database database = *std::move(opened);
    if (auto done = look_at_meta(database); !done) return done;
    if (has(Damage::kFile)) return {};
    if (auto done = look_at_pages(database); !done) return done;
    look_at_journal();
    if (has(Damage::kPages)) return {};
    return look_at_rows(database);
  }

  Result<void> look_at_meta(Database& database) {
    // What does not need the tables fails only for what is wrong with the file or the disk.
    const auto application = database.ask("PRAGMA application_id");
    if (!application) return application.error();
    const auto version = database.ask("PRAGMA user_version");
    if (!version) return version.error();
    if (*application != kApplicationId) report_.note(Damage::kFile, "it has no application id");
    if (*version < kSchemaVersion) {
      return Error{ErrorCode::kRejected,
                   "the cache file " + paths_.database + " has version " +
                       std::to_string(*version) + ", and this Strata checks version " +
                       std::to_string(kSchemaVersion) +
                       ": open it once, as `strata inspect` does, to bring it up to date",
                   {}};
    }
    if (!has_tables(database)) return {};
    const Result<Meta> meta = read_meta(database);
    if (!meta) return meta.error();
    meta_ = *meta;
    report_.was_closed = meta_.clean;
    return {};
  }

  // Whether a look at each table of this version works.
  bool has_tables(Database& database) {
    for (const char* sql :
         {"SELECT id, key, number, group_id, expires_minute, labels, record FROM entries LIMIT 0",
          "SELECT label, entry FROM entry_labels LIMIT 0",
          "SELECT label, group_id FROM label_groups LIMIT 0",
          "SELECT epoch, position, commits, entries, boot_id, clean FROM meta LIMIT 0"}) {
      Result<Statement> prepared = database.prepare(sql);
      if (prepared) continue;
      report_.note(Damage::kFile, prepared.error().message);
      return false;
    }
    return true;
  }

  Result<void> look_at_pages(Database& database) {
    const auto pages = database.ask("PRAGMA page_count");
    const auto free_pages = database.ask("PRAGMA freelist_count");
    if (!pages) return pages.error();
    if (!free_pages) return free_pages.error();
    report_.pages = static_cast<std::uint64_t>(*pages);
    report_.free_pages = static_cast<std::uint64_t>(*free_pages);
    Result<Statement> check = database.prepare("PRAGMA integrity_check(100)");
    if (!check) return check.error();
    const auto tell = [](void* options) {
      static_cast<const CheckOptions*>(options)->progress({"pages", 0, 0});
      return 0;
    };
    if (options_.progress) {
      sqlite3_progress_handler(database.handle(), kInstructionsBetweenTelling, tell,
                               const_cast<CheckOptions*>(&options_));
    }
    int code = check->step();
    for (; code == SQLITE_ROW; code = check->step()) {
      const std::string said(check->blob(0));
      if (said != "ok") report_.note(Damage::kPages, said);
    }
    check->reset();
    sqlite3_progress_handler(database.handle(), 0, nullptr, nullptr);
    return code == SQLITE_DONE ? Result<void>() : database.error("checking", code);
  }

  void look_at_journal() {
    if (journal_) report_.marks = journal_->marks.size();
    if (!journal_ && inode_of(paths_.journal) != 0) {
      report_.note(Damage::kJournal, paths_.journal);
    }
    const Distrust distrusted = distrust(options_.sqlite, clock_.boot_id(), journal_, meta_);
    if (distrusted.is_damage) {
      report_.note(Damage::kTrust, distrusted.why);
    } else if (!distrusted.why.empty()) {
      report_.remarks.push_back("when it is next opened, it begins empty: " + distrusted.why);
    } else if (!meta_.clean) {
      report_.remarks.emplace_back(
          "the process that had it open did not close it; the next one "
          "goes on from there");
    }
  }

  Result<void> look_at_rows(Database& database) {
    const bool repairs = options_.repairs && !is_lost();
    CheckOptions options = options_;
    options.repairs = repairs;
    if (auto done = database.execute("PRAGMA synchronous=full"); !done) return done;
    if (auto begun = database.execute(repairs ? "BEGIN IMMEDIATE" : "BEGIN"); !begun) return begun;
    static const std::vector<Mark> kNone;
    const bool has_marks = journal_ && journal_->owner.epoch == meta_.epoch;
    RowCheck rows(database,
                  {.options = options,
                   .meta = meta_,
                   .moment = moment_of(clock_),
                   .marks = has_marks ? journal_->marks : kNone},
                  report_);
    Result<void> done = rows.run();
    if (done && repairs && report_.removed + report_.mended > 0) {
      done = finish_repair(database, rows.entries_left());
    } else {
      static_cast<void>(database.run("ROLLBACK"));
    }
    return done;
  }

  Result<void> finish_repair(Database& database, std::uint64_t entries) {
    ++meta_.commits;
    meta_.entries = entries;
    Result<void> done = write_meta(database, meta_);
    if (done) done = database.execute("COMMIT");
    if (!done) {
      static_cast<void>(database.run("ROLLBACK"));
      return done;
    }
    if (meta_.clean) {
      // A file that says it was closed is one that needs no log.
      done = database.execute("PRAGMA wal_checkpoint(truncate)");
      sqlite3_db_config(database.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    }
    return done;
  }

  // What cannot be mended row by row.
  void put_aside() {
    if (is_lost()) {
      report_.quarantined = quarantine(paths_, clock_.wall_now());
      remove_file(paths_.journal);
      remove_file(paths_.shared);
      report_.removed = report_.entries;
      sync_folder_of(paths_.database);
    } else if (has(Damage::kJournal)) {
      // The file was closed with everything in it: nothing in its journal matters any more.
      remove_file(paths_.journal);
      ++report_.mended;
    }
  }

  const CheckOptions& options_;
  Clock& clock_;
  const Paths& paths_;
  std::optional<JournalContents> journal_;
  Meta meta_;
  CheckReport report_;
};

}  // namespace

std::string_view to_string(Damage damage) { return text_of(damage).name; }
std::string_view describe(Damage damage) { return text_of(damage).meaning; }

bool is_whole_file(Damage damage) { return damage <= Damage::kTrust; }

bool removes_entries(Damage damage) {
  return damage >= Damage::kRecord && damage <= Damage::kGroup;
}

void CheckReport::note(Damage what, const std::string& where, std::uint64_t count) {
  const auto is_it = [&](const DamageFound& one) { return one.what == what; };
  auto found = std::find_if(damage.begin(), damage.end(), is_it);
  if (found == damage.end()) found = damage.insert(damage.end(), DamageFound{.what = what});
  found->count += count;
  if (found->first.size() < kFirstShown) found->first.push_back(where);
}

Result<CheckReport> check_cache(const CheckOptions& options, Clock& clock) {
  if (!options.sqlite.path.empty() && inode_of(options.sqlite.path) == 0) return CheckReport();
  auto paths = prepare_paths(options.sqlite.path, options.sqlite.allow_network_file_system);
  if (!paths) return paths.error();
  if (auto checked = check_files(*paths); !checked) return checked.error();
  const auto lock = lock_files(*paths);
  if (!lock) return lock.error();
  return Checker(options, clock, *paths).run();
}

}  // namespace strata::sqlite
