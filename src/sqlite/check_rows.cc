// What is looked at in each row, and what is done about it.
#include "sqlite/check_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/hash.h"
#include "sqlite/columns.h"
#include "strata/core/key.h"

namespace strata::sqlite {
namespace {

constexpr std::size_t kChangesAtOnce = 512;
constexpr std::uint64_t kRowsBetweenTelling = 256;

// Whether the bytes are a record of a format that only a later version can read.
bool is_newer(std::string_view bytes) {
  constexpr std::string_view kMagic = "STRA";
  if (bytes.size() < kMagic.size() + 2 || !bytes.starts_with(kMagic)) return false;
  std::uint16_t version = 0;
  std::memcpy(&version, bytes.data() + kMagic.size(), sizeof(version));
  return version > kRecordFormatVersion;
}

bool is_from_future(const Lifetime& lifetime, const Moment& moment) {
  constexpr std::int64_t kToleranceMs = 2'000;
  if (lifetime.boot_id == moment.boot_id) {
    return lifetime.written_since_boot >
           moment.now.since_boot + std::chrono::milliseconds(kToleranceMs);
  }
  return lifetime.written_wall.unix_ms > moment.wall_now.unix_ms + kToleranceMs;
}

}  // namespace

RowCheck::RowCheck(Database& database, const Input& input, CheckReport& report)
    : database_(database), input_(input), report_(report) {
  for (const Mark& mark : input.marks) {
    Ticket& number = marks_[static_cast<std::uint64_t>(mark.label)];
    number = std::max(number, mark.number);
  }
}

Result<void> RowCheck::prepare() {
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&entries_,
       "SELECT id, key, number, group_id, expires_minute, labels, record FROM entries"
       " WHERE id>?1 ORDER BY id"},
      {&has_label_, "SELECT 1 FROM entry_labels WHERE label=?1 AND entry=?2"},
      {&label_groups_, "SELECT group_id, label FROM label_groups ORDER BY group_id"},
      {&labels_,
       "SELECT l.label, l.entry, e.id, e.labels FROM entry_labels l"
       " LEFT JOIN entries e ON e.id=l.entry"
       " WHERE (l.label, l.entry)>(?1, ?2) ORDER BY l.label, l.entry"},
      {&delete_entry_, "DELETE FROM entries WHERE id=?1"},
      {&delete_label_, "DELETE FROM entry_labels WHERE label=?1 AND entry=?2"},
      {&delete_group_, "DELETE FROM label_groups WHERE group_id=?1"},
      {&set_minute_, "UPDATE entries SET expires_minute=?2 WHERE id=?1"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = database_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

Result<void> RowCheck::run() {
  if (auto prepared = prepare(); !prepared) return prepared;
  if (auto checked = check_groups(); !checked) return checked;
  if (auto checked = check_entries(); !checked) return checked;
  if (auto checked = check_labels(); !checked) return checked;
  if (report_.entries != input_.meta.entries) {
    report_.note(Damage::kCount, "it says " + std::to_string(input_.meta.entries) + ", and has " +
                                     std::to_string(report_.entries));
    report_.mended += input_.options.repairs ? 1 : 0;
  }
  return {};
}

Result<void> RowCheck::execute(Statement& statement) {
  const int code = statement.run();
  if (code != SQLITE_OK) return database_.error("repairing", code);
  return {};
}

void RowCheck::tell(std::string_view phase, std::uint64_t done, std::uint64_t total) const {
  if (input_.options.progress) input_.options.progress({phase, done, total});
}

std::string RowCheck::name_of(const Row& row, const Record* record) const {
  if (record == nullptr) return "row " + std::to_string(row.id);
  return input_.options.name ? input_.options.name(*record) : record->key_text;
}

// A group's id is the hash of its labels' ids, so that a row too few or too many shows.
Result<void> RowCheck::check_groups() {
  std::vector<std::int64_t> wrong;
  std::optional<std::int64_t> group;
  std::vector<std::uint64_t> ids;
  const auto conclude = [&] {
    if (!group) return;
    std::sort(ids.begin(), ids.end());
    const std::string_view bytes(reinterpret_cast<const char*>(ids.data()),
                                 ids.size() * sizeof(ids[0]));
    const bool fits = static_cast<std::int64_t>(internal::hash64(bytes)) == *group;
    (fits ? groups_ : wrong).push_back(*group);
    ids.clear();
  };
  int code = label_groups_.step();
  for (; code == SQLITE_ROW; code = label_groups_.step()) {
    const std::int64_t next = label_groups_.number(0);
    if (group != next) conclude();
    group = next;
    ids.push_back(static_cast<std::uint64_t>(label_groups_.number(1)));
  }
  label_groups_.reset();
  if (code != SQLITE_DONE) return database_.error("reading", code);
  conclude();
  report_.groups = groups_.size() + wrong.size();
  for (const std::int64_t id : wrong) {
    report_.note(Damage::kGroupRows, "group " + std::to_string(static_cast<std::uint64_t>(id)));
    if (!input_.options.repairs) continue;
    delete_group_.bind(1, id);
    if (auto done = execute(delete_group_); !done) return done;
    ++report_.mended;
  }
  return {};
}

// Goes over all entries, in pieces: nothing is changed under a statement that reads.
Result<void> RowCheck::check_entries() {
  std::int64_t after = INT64_MIN;
  std::vector<Change> changes;
  for (bool more = true; more;) {
    entries_.bind(1, after);
    int code = entries_.step();
    for (; code == SQLITE_ROW && changes.size() < kChangesAtOnce; code = entries_.step()) {
      Row row{.id = entries_.number(0),
              .key = entries_.number(1),
              .number = entries_.number(2),
              .group = entries_.number(3),
              .labels = entries_.blob(5),
              .bytes = entries_.blob(6)};
      if (!entries_.is_null(4)) row.minute = entries_.number(4);
      after = row.id;
      if (report_.entries % kRowsBetweenTelling == 0) {
        tell("entries", report_.entries, input_.meta.entries);
      }
      Result<std::optional<Change>> change = check_entry(row);
      if (!change) {
        entries_.reset();
        return change.error();
      }
      if (*change && input_.options.repairs) changes.push_back(std::move(**change));
    }
    more = code == SQLITE_ROW;
    entries_.reset();
    if (!more && code != SQLITE_DONE) return database_.error("reading", code);
    for (const Change& change : changes) {
      if (auto done = carry_out(change); !done) return done;
    }
    changes.clear();
  }
  return {};
}

Result<std::optional<RowCheck::Change>> RowCheck::check_entry(const Row& row) {
  ++report_.entries;
  report_.record_bytes += row.bytes.size();
  const Result<Record> record = decode_record(row.bytes);
  if (!record && is_newer(row.bytes)) {
    ++report_.newer;
    return std::optional<Change>();
  }
  std::optional<Verdict> verdict;
  if (!record) {
    verdict = {Damage::kRecord, name_of(row, nullptr)};
  } else {
    Result<std::optional<Verdict>> judged = judge(row, *record);
    if (!judged) return judged.error();
    verdict = std::move(*judged);
  }
  if (!verdict) {
    count(*record);
    return std::optional<Change>();
  }
  report_.note(verdict->damage, verdict->name);
  if (verdict->damage == Damage::kExpiry) {
    count(*record);
    return std::optional<Change>({.id = row.id, .minute = expiry_of(record->lifetime)});
  }
  // What else leads to the row leads nowhere then, and is found with what did before.
  return std::optional<Change>({.id = row.id, .removes = true, .labels = std::string(row.labels)});
}

// The first thing that is wrong. A record has a checksum, so where it and its row differ, the row
// may have kept it from an invalidation.
Result<std::optional<RowCheck::Verdict>> RowCheck::judge(const Row& row, const Record& record) {
  const auto is = [&](Damage damage) {
    return std::optional<Verdict>(Verdict{damage, name_of(row, &record)});
  };
  if (column_of(key_label_id(key_hash(record.key_text))) != row.key) return is(Damage::kKey);
  if (column_of(record.number) != row.number || record.epoch != input_.meta.epoch ||
      number(record.number) > input_.meta.position) {
    return is(Damage::kNumber);
  }
  const bool has_group =
      row.group == 0 || std::binary_search(groups_.begin(), groups_.end(), row.group);
  if (group_of(record) != row.group || !has_group) return is(Damage::kGroup);
  if (packed(record.labels) != row.labels) return is(Damage::kLabels);
  const Result<bool> led_to = has_all_labels(row);
  if (!led_to) return led_to.error();
  if (!*led_to) return is(Damage::kLabels);
  if (expiry_of(record.lifetime) != row.minute) return is(Damage::kExpiry);
  return std::optional<Verdict>();
}

Result<bool> RowCheck::has_all_labels(const Row& row) {
  for (std::size_t index = 0; index < count_of(row.labels); ++index) {
    has_label_.bind(1, label_at(row.labels, index));
    has_label_.bind(2, row.id);
    const int code = has_label_.step();
    has_label_.reset();
    if (code == SQLITE_DONE) return false;
    if (code != SQLITE_ROW) return database_.error("reading", code);
  }
  return true;
}

void RowCheck::count(const Record& record) {
  const auto is_marked = [&](LabelId label) {
    const auto mark = marks_.find(static_cast<std::uint64_t>(label));
    return mark != marks_.end() && record.number < mark->second;
  };
  const auto any_marked = [&](const Labels& labels) {
    return std::any_of(labels.begin(), labels.end(),
                       [&](const Label& label) { return is_marked(label.id()); });
  };
  const Moment& moment = input_.moment;
  const Remaining left = remaining(record.lifetime, moment.now, moment.wall_now, moment.boot_id);
  if (is_from_future(record.lifetime, moment)) {
    ++report_.from_future;
  } else if (left.kept <= Duration(0)) {
    ++report_.expired;
  } else if (left.fresh <= Duration(0)) {
    ++report_.stale;
  }
  if (marks_.empty()) return;
  if (is_marked(everything().id()) || is_marked(key_label_id(key_hash(record.key_text))) ||
      any_marked(record.group) || any_marked(record.labels)) {
    ++report_.invalidated;
  }
}

Result<void> RowCheck::carry_out(const Change& change) {
  if (!change.removes) {
    set_minute_.bind(1, change.id);
    if (change.minute) {
      set_minute_.bind(2, *change.minute);
    } else {
      set_minute_.bind_null(2);
    }
    ++report_.mended;
    return execute(set_minute_);
  }
  for (std::size_t index = 0; index < count_of(change.labels); ++index) {
    delete_label_.bind(1, label_at(change.labels, index));
    delete_label_.bind(2, change.id);
    if (auto done = execute(delete_label_); !done) return done;
  }
  ++report_.removed;
  delete_entry_.bind(1, change.id);
  return execute(delete_entry_);
}

// Rows that lead from a label to what does not carry it make an invalidation remove too much, or
// look at nothing.
Result<void> RowCheck::check_labels() {
  std::pair<std::int64_t, std::int64_t> after{INT64_MIN, INT64_MIN};
  std::vector<std::pair<std::int64_t, std::int64_t>> strays;
  for (bool more = true; more;) {
    labels_.bind(1, after.first);
    labels_.bind(2, after.second);
    int code = labels_.step();
    for (; code == SQLITE_ROW && strays.size() < kChangesAtOnce; code = labels_.step()) {
      after = {labels_.number(0), labels_.number(1)};
      if (report_.labels++ % kRowsBetweenTelling == 0) tell("labels", report_.labels, 0);
      if (!labels_.is_null(2) && contains(labels_.blob(3), after.first)) continue;
      report_.note(Damage::kStrayLabels, "row " + std::to_string(after.second));
      if (input_.options.repairs) strays.push_back(after);
    }
    more = code == SQLITE_ROW;
    labels_.reset();
    if (!more && code != SQLITE_DONE) return database_.error("reading", code);
    for (const auto& [label, entry] : strays) {
      delete_label_.bind(1, label);
      delete_label_.bind(2, entry);
      if (auto done = execute(delete_label_); !done) return done;
      ++report_.mended;
    }
    strays.clear();
  }
  return {};
}

}  // namespace strata::sqlite
