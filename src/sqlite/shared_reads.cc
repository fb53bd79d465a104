// SharedTier: reads, each of a row and of the numbers of its labels in one snapshot.
#include <algorithm>
#include <charconv>
#include <utility>

#include "core/mutant.h"
#include "core/quote.h"
#include "core/yield_point.h"
#include "sqlite/shared_tier.h"
#include "strata/core/limits.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kReadKeys = 256;  // in one snapshot
constexpr std::size_t kScanRecords = 1'000;

Error closed_error() { return {ErrorCode::kClosed, "the SQLite tier is closed", {}}; }

}  // namespace

bool SharedTier::is_kept(const Lifetime& lifetime) const {
  return remaining(lifetime, clock_->now(), clock_->wall_now(), clock_->boot_id()).kept >
         Duration::zero();
}

// Why the record may not be served, if so; otherwise it gets the lifetime that it has by now.
int SharedTier::judge(SharedRows& rows, LabelId key, Record& record,
                      std::optional<RecordRemoval>& removal) {
  const LabelId all = everything().id();
  std::optional<Moment> end;
  SharedLabel known;
  const auto consider = [&](LabelId label) {
    if (const int code = rows.find(label, known); code != SQLITE_OK) return code;
    if (known.soft > record.number && (!end || known.end.now < end->now)) end = known.end;
    // Of several, the earliest took it.
    const bool covers = known.hard > record.number;
    if (!covers || (removal && removal->number <= known.hard)) return SQLITE_OK;
    removal = {.key = key,
               .why = label == all ? RemovalCause::kCleared : RemovalCause::kInvalidated,
               .number = known.hard,
               .via = label};
    return SQLITE_OK;
  };
  if (STRATA_MUTANT(kSharedIgnoresNumbers)) return SQLITE_OK;
  int code = consider(all);
  if (code == SQLITE_OK) code = consider(key);
  for (const Labels* labels : {&record.group, &record.labels}) {
    for (const Label& label : *labels) {
      if (code == SQLITE_OK) code = consider(label.id());
    }
  }
  if (end) record.lifetime = ended_at(record.lifetime, *end);
  return code;
}

// Reports what is wrong with a connection.
Error SharedTier::failed(Readers::Lease& reader, int code) {
  Error error = reader->error(code);
  condition_.count_error();
  if (error.code == ErrorCode::kCorrupt) {
    opened_.control->report_damage();
    error.code = ErrorCode::kUnavailable;
  }
  reader.discard();
  return error;
}

int SharedTier::read_some(Reader& reader, std::span<Read> reads, std::uint64_t demanded,
                          SharedState& state) {
  Result<SharedRows*> rows = reader.shared();
  if (!rows) return SQLITE_ERROR;
  int code = reader.begin();
  if (code == SQLITE_OK) code = (*rows)->read(state);
  for (Read& read : reads) {
    if (code != SQLITE_OK) return code;
    read.row = reader.get(key_label_id(read.key.hash));
    code = read.row.code;
    if (code != SQLITE_OK || !read.row.found()) continue;
    std::optional<Record>& record = read.row.record;
    read.is_wrong =
        !record || record->key_text != read.key.text || record->long_params != read.key.long_params;
    if (read.is_wrong) continue;
    code = judge(**rows, read.row.key, *record, read.removal);
    if (!read.removal && state.cleared >= demanded) read.answer = std::move(*record);
  }
  if (code == SQLITE_OK) code = reader.end();
  if (code == SQLITE_OK) notice(state);
  return code;
}

Result<void> SharedTier::read_all(std::span<Read> reads, Deadline deadline) {
  if (closed_) return closed_error();
  if (opened_.control->is_damaged()) {
    return Error{ErrorCode::kUnavailable, "the cache file is damaged", {}};
  }
  // Before the snapshot: what is demanded later may be answered as if it had not been yet.
  const std::uint64_t demanded = opened_.control->demanded();
  STRATA_YIELD("sqlite.shared.before_select");
  SharedState state;
  {
    Result<Readers::Lease> reader = opened_.store->readers().borrow(deadline);
    if (!reader) return reader.error();
    const int code = read_some(*reader->operator->(), reads, demanded, state);
    // A file that somebody has locked is as good as one that has nothing.
    if (fault_of(code) == Fault::kBusy) {
      for (Read& read : reads) read = {.key = read.key};
      reader->discard();
    } else if (code != SQLITE_OK) {
      return failed(*reader, code);
    }
  }
  bool has_misses = false;
  for (Read& read : reads) {
    if (read.is_wrong) drop(read.row.key, read.row.number);
    if (read.removal) condition_.tell({&*read.removal, 1});
    if (read.answer && !is_kept(read.answer->lifetime)) read.answer.reset();
    read.answer ? recent_.add(read.row.id) : void(has_misses = true);
  }
  if (has_misses) catch_up(state.log_end, kAfterMiss);
  return {};
}

// Has the row removed, which does not decode, if that can be done at once.
void SharedTier::drop(LabelId key, Ticket number) {
  static_cast<void>(transact({clock_->now()}, [&](Turn& turn) {
    return opened_.store->rows().drop(key, number, turn.tally);
  }));
}

Result<std::optional<Record>> SharedTier::get(KeyRef key, Deadline deadline) {
  Read read{.key = key};
  if (auto done = read_all({&read, 1}, deadline); !done) return done.error();
  read.answer ? condition_.count_hits(1) : condition_.count_misses(1);
  return std::move(read.answer);
}

Result<std::vector<std::optional<Record>>> SharedTier::get_many(std::span<const KeyRef> keys,
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
    if (auto done = read_all(reads, deadline); !done) return done.error();
    for (Read& read : reads) {
      hits += read.answer ? 1 : 0;
      answers.push_back(std::move(read.answer));
    }
  }
  condition_.count_hits(hits);
  condition_.count_misses(keys.size() - hits);
  return answers;
}

int SharedTier::scan_some(Reader& reader, std::int64_t after, std::size_t limit, ScanPage& page,
                          std::vector<Selected>& wrong) {
  const std::uint64_t demanded = opened_.control->demanded();
  Result<SharedRows*> shared = reader.shared();
  if (!shared) return SQLITE_ERROR;
  std::vector<Selected> rows;
  SharedState state;
  int code = reader.begin();
  if (code == SQLITE_OK) code = (*shared)->read(state);
  if (code == SQLITE_OK) code = reader.scan(after, limit, rows);
  for (Selected& row : rows) {
    if (code != SQLITE_OK) return code;
    if (!row.record || label_id(LabelKind::kKey, row.record->key_text) != row.key) {
      wrong.push_back({.key = row.key, .number = row.number});
      continue;
    }
    std::optional<RecordRemoval> removal;
    code = judge(**shared, row.key, *row.record, removal);
    if (!removal && state.cleared >= demanded) page.records.push_back(std::move(*row.record));
  }
  if (rows.size() == limit) page.next = ScanCursor{std::to_string(rows.back().id)};
  return code == SQLITE_OK ? reader.end() : code;
}

Result<ScanPage> SharedTier::scan(const ScanCursor& cursor, std::size_t limit, Deadline deadline) {
  if (closed_) return closed_error();
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
  }
  ScanPage page;
  std::vector<Selected> wrong;
  {
    Result<Readers::Lease> reader = opened_.store->readers().borrow(deadline);
    if (!reader) return reader.error();
    const int code = scan_some(*reader->operator->(), after,
                               std::clamp<std::size_t>(limit, 1, kScanRecords), page, wrong);
    if (code != SQLITE_OK) return failed(*reader, code);
  }
  for (const Selected& row : wrong) drop(row.key, row.number);
  return page;
}

}  // namespace strata::sqlite
