// Rows, continued: removals of many entries, and ends of their ttls, in slices.
#include <algorithm>
#include <utility>

#include "core/assert.h"
#include "core/mutant.h"
#include "sqlite/rows.h"

namespace strata::sqlite {
namespace {

// Of records that one slice decodes: more would hold up the groups of writes between slices.
constexpr std::size_t kSliceBytes = 8u << 20;
constexpr std::size_t kRowBytes = 8u << 10;  // that count as one more row

// Whether a row is older than the removal. Signed as SQLite has them, numbers stay far below
// the sign.
bool is_below(std::int64_t number, Ticket below) {
  if (STRATA_MUTANT(kTombstoneWithoutNumber)) return true;
  return static_cast<std::uint64_t>(number) < strata::number(below);
}

LabelId key_at(const Statement& select, int column) {
  return LabelId{static_cast<std::uint64_t>(select.number(column))};
}

}  // namespace

// Removes what a slice found, or ends its ttl. `more` is set if some of it is left for the next;
// what was decoded is taken off `limit`.
int Rows::remove_all(std::span<const Found> rows, Removal& removal, std::size_t& limit,
                     Tally& tally, bool& more) {
  std::size_t bytes = 0;
  for (std::size_t index = 0; index < rows.size(); ++index) {
    const Found& row = rows[index];
    const int code = removal.end ? end_ttl(row, removal, tally, bytes)
                                 : remove(row, removal, removal.cause, tally);
    if (code != SQLITE_OK) return code;
    if (bytes < kSliceBytes || index + 1 == rows.size()) continue;
    removal.after = row.id;
    more = true;
    break;
  }
  limit -= more ? limit : std::min(limit, bytes / kRowBytes);
  return SQLITE_OK;
}

// Looks at the next rows that `select` finds after removal.after, and removes those that are
// old enough. `select` has its parameter 1 bound; 2 is where to begin and 3 how many.
int Rows::remove_slice(Statement& select, Removal& removal, std::size_t& limit, Tally& tally,
                       bool& more) {
  const ResetGuard guard(select);
  select.bind(2, removal.after);
  select.bind(3, static_cast<std::int64_t>(limit));
  std::vector<Found> old;
  std::size_t seen = 0;
  int code = select.step();
  for (; code == SQLITE_ROW; code = select.step()) {
    ++seen;
    removal.after = select.number(0);
    // A label of an entry that is gone: its row in entry_labels is all that is left.
    const bool is_orphan = select.is_null(1);
    if (is_orphan) {
      delete_label_.bind(1, static_cast<std::int64_t>(removal.label));
      delete_label_.bind(2, removal.after);
      if (const int deleted = delete_label_.run(); deleted != SQLITE_OK) return deleted;
    } else if (is_below(select.number(1), removal.below)) {
      old.push_back({removal.after, std::string(select.blob(2)), key_at(select, 3)});
    }
  }
  if (code != SQLITE_DONE) return code;
  select.reset();
  more = seen == limit;
  limit -= seen;
  return remove_all(old, removal, limit, tally, more);
}

int Rows::remove_by_key(Removal& removal, std::size_t& limit, Tally& tally) {
  by_key_.bind(1, static_cast<std::int64_t>(removal.label));
  const int step = by_key_.step();
  const bool is_old = step == SQLITE_ROW && is_below(by_key_.number(1), removal.below);
  Found row;
  if (is_old) row = {by_key_.number(0), std::string(by_key_.blob(2)), removal.label};
  by_key_.reset();
  if (step != SQLITE_ROW && step != SQLITE_DONE) return step;
  if (!is_old) return SQLITE_OK;
  limit -= std::min<std::size_t>(limit, 1);
  bool more = false;
  return remove_all({&row, 1}, removal, limit, tally, more);
}

int Rows::remove_by_group(Removal& removal, std::size_t& limit, Tally& tally) {
  while (limit > 0) {
    next_group_.bind(1, static_cast<std::int64_t>(removal.label));
    next_group_.bind(2, removal.group);
    const int step = next_group_.step();
    const std::int64_t group = step == SQLITE_ROW ? next_group_.number(0) : 0;
    next_group_.reset();
    if (step == SQLITE_DONE) {
      removal.stage = Removal::Stage::kLabels;
      removal.after = INT64_MIN;
      return SQLITE_OK;
    }
    if (step != SQLITE_ROW) return step;
    if (group != removal.group) removal.after = INT64_MIN;
    removal.group = group;
    by_group_.bind(1, group);
    bool more = false;
    const int code = remove_slice(by_group_, removal, limit, tally, more);
    if (code != SQLITE_OK || more) return code;
    removal.after = INT64_MIN;
    if (group == INT64_MAX) {
      removal.stage = Removal::Stage::kLabels;
      return SQLITE_OK;
    }
    removal.group = group + 1;
  }
  return SQLITE_OK;
}

int Rows::remove_some(Removal& removal, std::size_t& limit, Tally& tally) {
  using Stage = Removal::Stage;
  using Way = LabelFilter::Way;
  static const LabelId kEverything = everything().id();
  tally.position = std::max(tally.position, number(removal.below));
  if (removal.stage == Stage::kKey && removal.label == kEverything) {
    removal.cause = RemovalCause::kCleared;
    removal.stage = Stage::kAll;
  }
  if (removal.stage == Stage::kKey && (limit > 0 || !filter_.may_have(Way::kKey, removal.label))) {
    if (filter_.may_have(Way::kKey, removal.label)) {
      if (const int code = remove_by_key(removal, limit, tally); code != SQLITE_OK) return code;
    }
    removal.stage = Stage::kGroups;
  }
  const bool may_go_on = removal.stage != Stage::kGroups || removal.group != INT64_MIN ||
                         filter_.may_have(Way::kGroup, removal.label);
  if (!may_go_on) removal.stage = Stage::kLabels;
  if (removal.stage == Stage::kLabels && removal.after == INT64_MIN &&
      !filter_.may_have(Way::kOwn, removal.label)) {
    removal.stage = Stage::kDone;
  }
  if (removal.stage == Stage::kGroups && limit > 0) {
    if (const int code = remove_by_group(removal, limit, tally); code != SQLITE_OK) return code;
  }
  if ((removal.stage == Stage::kLabels || removal.stage == Stage::kAll) && limit > 0) {
    Statement& select = removal.stage == Stage::kAll ? by_id_ : by_label_;
    if (removal.stage == Stage::kLabels) {
      by_label_.bind(1, static_cast<std::int64_t>(removal.label));
    }
    bool more = false;
    if (const int code = remove_slice(select, removal, limit, tally, more); code != SQLITE_OK) {
      return code;
    }
    if (!more) removal.stage = Stage::kDone;
  }
  return SQLITE_OK;
}

int Rows::learn_labels(std::size_t limit) {
  using Way = LabelFilter::Way;
  for (; limit > 0 && filter_.is_wanted(); --limit) {
    Statement& next = learning_ == Way::kKey     ? next_key_
                      : learning_ == Way::kGroup ? next_group_label_
                                                 : next_own_label_;
    next.bind(1, learn_from_);
    const int step = next.step();
    const std::int64_t label = step == SQLITE_ROW ? next.number(0) : INT64_MAX;
    next.reset();
    if (step != SQLITE_ROW && step != SQLITE_DONE) return step;
    if (step == SQLITE_ROW) filter_.add(learning_, LabelId{static_cast<std::uint64_t>(label)});
    learn_from_ = label + (label != INT64_MAX ? 1 : 0);
    if (label != INT64_MAX) continue;
    learn_from_ = INT64_MIN;
    if (learning_ == Way::kOwn) filter_.set_done();
    learning_ = learning_ == Way::kKey     ? Way::kGroup
                : learning_ == Way::kGroup ? Way::kOwn
                                           : Way::kKey;
  }
  return SQLITE_OK;
}

int Rows::find_expired(ExpiryCursor& cursor, const Moment& moment, std::size_t limit,
                       std::vector<Expired>& expired) {
  const ResetGuard guard(by_expiry_);
  by_expiry_.bind(1, std::min(cursor.until, moment.wall_now.unix_ms / kMinuteMs));
  by_expiry_.bind(2, cursor.minute);
  by_expiry_.bind(3, cursor.id);
  by_expiry_.bind(4, static_cast<std::int64_t>(limit));
  std::size_t seen = 0;
  std::size_t bytes = 0;
  int code = by_expiry_.step();
  for (; code == SQLITE_ROW; code = by_expiry_.step()) {
    ++seen;
    cursor.minute = by_expiry_.number(0);
    cursor.id = by_expiry_.number(1);
    const std::string_view stored = by_expiry_.blob(4);
    bytes += stored.size();
    const Result<Record> record = decode_record(stored);
    // The minute is only a hint: it was computed with the wall clock of the time of writing.
    const bool is_kept =
        record && remaining(record->lifetime, moment.now, moment.wall_now, moment.boot_id).kept >
                      Duration::zero();
    if (!is_kept) {
      expired.push_back({.row = {cursor.id, std::string(by_expiry_.blob(3)), key_at(by_expiry_, 2)},
                         .cause = record ? RemovalCause::kExpired : RemovalCause::kCorrupt});
    }
    if (bytes >= kSliceBytes) break;
  }
  if (code != SQLITE_DONE && code != SQLITE_ROW) return code;
  cursor.more = seen == limit || code == SQLITE_ROW;
  return SQLITE_OK;
}

int Rows::remove_expired(std::span<const Expired> expired, Tally& tally) {
  for (const Expired& entry : expired) {
    const int code = remove(entry.row, {.key = entry.row.key, .why = entry.cause}, tally);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

int Rows::find_after(std::int64_t after, std::size_t limit, std::vector<Found>& found,
                     bool& wraps) {
  const ResetGuard guard(by_id_);
  by_id_.bind(2, after);
  by_id_.bind(3, static_cast<std::int64_t>(limit));
  int code = by_id_.step();
  for (; code == SQLITE_ROW; code = by_id_.step()) {
    found.push_back({by_id_.number(0), std::string(by_id_.blob(2)), key_at(by_id_, 3)});
  }
  wraps = found.size() < limit;
  return code == SQLITE_DONE ? SQLITE_OK : code;
}

void Rows::tell_some(const RecordRemoval& why, Tally& tally) {
  std::vector<Found> found;
  bool wraps = false;
  // The file goes whether it can be read or not.
  static_cast<void>(find_after(INT64_MIN, kToldOfOne, found, wraps));
  RecordRemoval told = why;
  for (const Found& row : found) {
    told.key = row.key;
    tally.tell(told);
  }
}

int Rows::forget_groups(std::int64_t& after, std::size_t limit) {
  std::vector<std::int64_t> empty;
  next_empty_group_.bind(1, after);
  next_empty_group_.bind(2, static_cast<std::int64_t>(limit));
  int code = next_empty_group_.step();
  for (; code == SQLITE_ROW; code = next_empty_group_.step()) {
    empty.push_back(next_empty_group_.number(0));
  }
  next_empty_group_.reset();
  if (code != SQLITE_DONE) return code;
  for (const std::int64_t group : empty) {
    delete_group_.bind(1, group);
    if (const int deleted = delete_group_.run(); deleted != SQLITE_OK) return deleted;
    known_groups_.erase(group);
    after = group;
  }
  if (empty.size() < limit) after = INT64_MAX;
  return SQLITE_OK;
}

int Rows::usage(Usage& usage) {
  const auto ask = [](Statement& statement, std::uint64_t& answer) {
    const int step = statement.step();
    if (step == SQLITE_ROW) answer = static_cast<std::uint64_t>(statement.number(0));
    statement.reset();
    return step == SQLITE_ROW ? SQLITE_OK : step;
  };
  std::uint64_t pages = 0;
  if (const int code = ask(page_count_, pages); code != SQLITE_OK) return code;
  if (const int code = ask(freelist_count_, usage.free_pages); code != SQLITE_OK) return code;
  usage.used_pages = pages - std::min(pages, usage.free_pages);
  return SQLITE_OK;
}

}  // namespace strata::sqlite
