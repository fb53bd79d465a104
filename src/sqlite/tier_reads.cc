// SqliteTier, continued: reads, and touches, which begin with one.
#include <algorithm>
#include <charconv>
#include <utility>

#include "core/mutant.h"
#include "core/quote.h"
#include "core/yield_point.h"
#include "sqlite/tier.h"
#include "strata/core/limits.h"

namespace strata::sqlite {
namespace {

// A read that a commit overtakes is repeated, since it cannot be told what it saw. Overtaken so
// often, it is a miss.
constexpr int kReadTries = 64;
constexpr int kBatchTries = 2;          // then each key alone
constexpr std::size_t kReadKeys = 256;  // in one read transaction
constexpr std::size_t kScanRecords = 1'000;

}  // namespace

bool SqliteTier::is_kept(const Lifetime& lifetime) const {
  return remaining(lifetime, clock_->now(), clock_->wall_now(), clock_->boot_id()).kept >
         Duration::zero();
}

// Reports what is wrong with a connection. The lease ends after that: while it lasts, the writer
// does not replace the file, and the report is about the right one.
Error SqliteTier::failed(Readers::Lease& reader, int code) {
  Error error = reader->error(code);
  condition_.count_error();
  if (error.code == ErrorCode::kCorrupt) {
    ledger_.report_damage(error.message);
    error.code = ErrorCode::kUnavailable;
  }
  reader.discard();
  return error;
}

// Looks for the rows of all `reads` in one state of the file.
Result<void> SqliteTier::select(std::span<Read* const> reads, Deadline deadline) {
  if (reads.empty()) return {};
  STRATA_YIELD("sqlite.read.before_select");
  {
    Result<Readers::Lease> reader = store_->readers().borrow(deadline);
    if (!reader) return reader.error();
    int code = reads.size() > 1 ? (*reader)->begin() : SQLITE_OK;
    for (Read* const read : reads) {
      if (code != SQLITE_OK) break;
      read->row = (*reader)->get(read->label);
      code = read->row.code;
    }
    if (reads.size() > 1 && code == SQLITE_OK) code = (*reader)->end();
    // A file that somebody has locked is as good as one that has nothing.
    if (fault_of(code) == Fault::kBusy) {
      (*reader).discard();
      for (Read* const read : reads) read->row = {};
      code = SQLITE_OK;
    }
    if (code != SQLITE_OK) return failed(*reader, code);
  }
  STRATA_YIELD("sqlite.read.selected");
  return {};
}

// Who meets a record that is wrong already says why, as the writer does when it is gone.
void SqliteTier::tell_why(const Read& read, const std::optional<Record>& row) {
  const auto removal = ledger_.removal_of(read.label, row ? &*row : nullptr);
  if (removal) condition_.tell({&*removal, 1});
}

// What the row says, and whether it may be served.
void SqliteTier::conclude(Read& read) {
  if (STRATA_MUTANT(kPendingAfterSelect)) {
    if (const auto pending = ledger_.pending_of(read.label)) {
      read.answer = *pending;
      return;
    }
  }
  if (!read.row.found()) return;
  std::optional<Record>& record = read.row.record;
  const bool is_right =
      record && record->key_text == read.key.text && record->long_params == read.key.long_params;
  if (!is_right) {
    ledger_.drop(read.label, read.row.number);
    return;
  }
  const Verdict verdict = ledger_.judge(read.look, read.label, *record);
  read.again = verdict == Verdict::kAgain;
  if (verdict == Verdict::kMiss) tell_why(read, record);
  if (verdict != Verdict::kServe) return;
  recent_.add(read.row.id);
  read.answer = std::move(*record);
}

// Answers every read, with one SELECT for each that pending writes do not answer.
Result<void> SqliteTier::read_all(std::span<Read> reads, int tries, Deadline deadline) {
  std::vector<Read*> open;
  open.reserve(reads.size());
  for (Read& read : reads) {
    read.label = key_label_id(read.key.hash);
    read.again = true;
  }
  for (int attempt = 0; attempt < tries; ++attempt) {
    open.clear();
    for (Read& read : reads) {
      if (!read.again) continue;
      read.again = false;
      read.look = ledger_.look(read.label, read.key);
      if (read.look.kind == Look::Kind::kClosed) return closed_error();
      if (read.look.kind == Look::Kind::kRow) open.push_back(&read);
      if (read.look.kind == Look::Kind::kMiss) tell_why(read, std::nullopt);
      // Nobody changes a pending record, so it is copied without the lock.
      if (read.look.kind != Look::Kind::kPending) continue;
      read.answer = *read.look.pending;
      if (read.look.end) read.answer->lifetime = ended_at(read.answer->lifetime, *read.look.end);
    }
    if (auto selected = select(open, deadline); !selected) return selected;
    for (Read* const read : open) conclude(*read);
    if (std::none_of(open.begin(), open.end(), [](const Read* read) { return read->again; })) break;
  }
  for (Read& read : reads) {
    if (read.answer && !is_kept(read.answer->lifetime)) read.answer.reset();
  }
  return {};
}

Result<std::optional<Record>> SqliteTier::get(KeyRef key, Deadline deadline) {
  Read read{.key = key};
  if (auto done = read_all({&read, 1}, kReadTries, deadline); !done) return done.error();
  read.answer ? condition_.count_hits(1) : condition_.count_misses(1);
  return std::move(read.answer);
}

Result<std::vector<std::optional<Record>>> SqliteTier::get_many(std::span<const KeyRef> keys,
                                                                Deadline deadline) {
  if (keys.size() > limits::kBatchKeys) {
    return Error{ErrorCode::kRejected,
                 "get_many() was asked for " + std::to_string(keys.size()) +
                     " keys; the limit is " + std::to_string(limits::kBatchKeys),
                 {}};
  }
  std::vector<std::optional<Record>> answers;
  answers.reserve(keys.size());
  std::uint64_t hits = 0;
  for (std::size_t first = 0; first < keys.size(); first += kReadKeys) {
    std::vector<Read> reads(std::min(kReadKeys, keys.size() - first));
    for (std::size_t index = 0; index < reads.size(); ++index) {
      reads[index].key = keys[first + index];
    }
    if (auto done = read_all(reads, kBatchTries, deadline); !done) return done.error();
    for (Read& read : reads) {
      // A long read is overtaken by a commit more often than a short one.
      if (read.again) {
        if (auto done = read_all({&read, 1}, kReadTries, deadline); !done) return done.error();
      }
      hits += read.answer ? 1 : 0;
      answers.push_back(std::move(read.answer));
    }
  }
  condition_.count_hits(hits);
  condition_.count_misses(keys.size() - hits);
  return answers;
}

Result<bool> SqliteTier::touch(KeyRef key, const Lifetime& lifetime, Deadline deadline) {
  using Touched = Ledger::Touched;
  Read read{.key = key, .label = key_label_id(key.hash)};
  for (int attempt = 0; attempt < kReadTries; ++attempt) {
    read.look = ledger_.look(read.label, key);
    if (read.look.kind == Look::Kind::kClosed) return closed_error();
    if (read.look.kind == Look::Kind::kMiss) return false;
    if (read.look.kind == Look::Kind::kPending) {
      const Lifetime& lifetime_now = read.look.pending->lifetime;
      const bool is_there =
          is_kept(read.look.end ? ended_at(lifetime_now, *read.look.end) : lifetime_now);
      if (!is_there) return false;
      const Touched touched = ledger_.touch_pending(read.label, key, lifetime);
      if (touched == Touched::kDone) return true;
      continue;
    }
    Read* const reads[] = {&read};
    if (auto selected = select(reads, deadline); !selected) return selected.error();
    std::optional<Record>& row = read.row.record;
    if (!row || row->key_text != key.text || row->long_params != key.long_params) return false;
    const Verdict verdict = ledger_.judge(read.look, read.label, *row);
    if (verdict == Verdict::kAgain) continue;
    if (verdict == Verdict::kMiss || !is_kept(row->lifetime)) return false;
    auto found = std::make_shared<Record>(std::move(*row));
    if (ledger_.touch_row(read.look, read.label, std::move(found), lifetime)) return true;
  }
  return false;
}

Result<bool> SqliteTier::scan_once(std::int64_t after, std::size_t limit, Deadline deadline,
                                   ScanPage& page) {
  const Look look = ledger_.look(LabelId{}, {});
  if (look.kind == Look::Kind::kClosed) return closed_error();
  std::vector<Selected> rows;
  {
    Result<Readers::Lease> reader = store_->readers().borrow(deadline);
    if (!reader) return reader.error();
    const int code = (*reader)->scan(after, limit, rows);
    if (code != SQLITE_OK) return failed(*reader, code);
  }
  for (Selected& row : rows) {
    if (!row.record || label_id(LabelKind::kKey, row.record->key_text) != row.key) {
      ledger_.drop(row.key, row.number);
      continue;
    }
    const Verdict verdict = ledger_.judge_scanned(look, row.key, *row.record);
    if (verdict == Verdict::kAgain) return false;
    if (verdict == Verdict::kServe) page.records.push_back(std::move(*row.record));
  }
  if (rows.size() == limit) page.next = ScanCursor{std::to_string(rows.back().id)};
  return true;
}

Result<ScanPage> SqliteTier::scan(const ScanCursor& cursor, std::size_t limit, Deadline deadline) {
  std::int64_t after = INT64_MIN;
  const std::string& position = cursor.position;
  if (!position.empty()) {
    const char* const end = position.data() + position.size();
    const auto [parsed, error] = std::from_chars(position.data(), end, after);
    if (error != std::errc() || parsed != end) {
      return Error{ErrorCode::kRejected,
                   internal::quoted(position) + " is not a cursor of the SQLite tier",
                   {}};
    }
  } else if (auto flushed = ledger_.flush(deadline); !flushed) {
    // Rows are scanned, so what is pending has to become rows first.
    return flushed.error();
  }
  limit = std::clamp<std::size_t>(limit, 1, kScanRecords);
  for (;;) {
    ScanPage page;
    const Result<bool> done = scan_once(after, limit, deadline, page);
    if (!done) return done.error();
    if (*done) return page;
    // A commit overtook the read. A shorter one is overtaken more seldom.
    limit = std::max<std::size_t>(limit / 2, 1);
  }
}

}  // namespace strata::sqlite
