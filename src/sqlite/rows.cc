// Storing, touching and dropping single entries.
#include "sqlite/rows.h"

#include <algorithm>
#include <utility>


namespace strata::sqlite {
namespace {

constexpr std::size_t kKnownGroups = 4'096;

void bind_labels(Statement& statement, int index, std::string_view labels) {
  if (labels.empty()) {
    statement.bind_null(index);
  } else {
    statement.bind(index, labels);
  }
}

void bind_expiry(Statement& statement, int index, std::optional<std::int64_t> minute) {
  if (minute) {
    statement.bind(index, *minute);
  } else {
    statement.bind_null(index);
  }
}

}  // namespace

Result<std::unique_ptr<Rows>> Rows::prepare(Database& database) {
  std::unique_ptr<Rows> rows(new Rows(database));
  if (auto prepared = rows->prepare_all(); !prepared) return prepared.error();
  return rows;
}

Result<void> Rows::prepare_all() {
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&begin_, "BEGIN IMMEDIATE"},
      {&commit_, "COMMIT"},
      {&rollback_, "ROLLBACK"},
      {&write_meta_,
       "UPDATE meta SET epoch=?1, position=?2, commits=?3, entries=?4, boot_id=?5, clean=?6"},
      {&find_, "SELECT id, number, group_id, expires_minute, labels FROM entries WHERE key=?1"},
      {&find_record_, "SELECT number, record FROM entries WHERE key=?1"},
      {&record_of_, "SELECT record FROM entries WHERE id=?1"},
      {&insert_,
       "INSERT INTO entries(key, number, group_id, expires_minute, labels, record)"
       " VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
      {&update_, "UPDATE entries SET number=?2, record=?3 WHERE id=?1"},
      {&update_labels_, "UPDATE entries SET number=?2, record=?3, labels=?4 WHERE id=?1"},
      {&update_expiry_,
       "UPDATE entries SET number=?2, record=?3, labels=?4, expires_minute=?5 WHERE id=?1"},
      {&update_all_,
       "UPDATE entries SET number=?2, record=?3, labels=?4, expires_minute=?5, group_id=?6"
       " WHERE id=?1"},
      {&update_life_, "UPDATE entries SET expires_minute=?2, record=?3 WHERE id=?1"},
      {&delete_, "DELETE FROM entries WHERE id=?1"},
      {&insert_label_, "INSERT OR IGNORE INTO entry_labels(label, entry) VALUES(?1, ?2)"},
      {&delete_label_, "DELETE FROM entry_labels WHERE label=?1 AND entry=?2"},
      {&insert_group_, "INSERT OR IGNORE INTO label_groups(label, group_id) VALUES(?1, ?2)"},
      {&next_group_,
       "SELECT group_id FROM label_groups WHERE label=?1 AND group_id>=?2"
       " ORDER BY group_id LIMIT 1"},
      {&by_key_, "SELECT id, number, labels, key FROM entries WHERE key=?1"},
      {&by_group_,
       "SELECT id, number, labels, key FROM entries WHERE group_id=?1 AND id>?2"
       " ORDER BY id LIMIT ?3"},
      {&by_label_,
       "SELECT l.entry, e.number, e.labels, e.key FROM entry_labels l"
       " LEFT JOIN entries e ON e.id=l.entry WHERE l.label=?1 AND l.entry>?2"
       " ORDER BY l.entry LIMIT ?3"},
      {&by_id_, "SELECT id, number, labels, key FROM entries WHERE id>?2 ORDER BY id LIMIT ?3"},
      {&by_expiry_,
       "SELECT expires_minute, id, key, labels, record FROM entries WHERE expires_minute<=?1"
       " AND (expires_minute, id)>(?2, ?3) ORDER BY expires_minute, id LIMIT ?4"},
      {&next_empty_group_,
       "SELECT DISTINCT group_id FROM label_groups WHERE group_id>?1 AND NOT EXISTS"
       "(SELECT 1 FROM entries WHERE entries.group_id=label_groups.group_id)"
       " ORDER BY group_id LIMIT ?2"},
      {&next_key_, "SELECT key FROM entries WHERE key>=?1 ORDER BY key LIMIT 1"},
      {&next_group_label_, "SELECT label FROM label_groups WHERE label>=?1 ORDER BY label LIMIT 1"},
      {&next_own_label_, "SELECT label FROM entry_labels WHERE label>=?1 ORDER BY label LIMIT 1"},
      {&delete_group_, "DELETE FROM label_groups WHERE group_id=?1"},
      {&page_count_, "PRAGMA page_count"},
      {&freelist_count_, "PRAGMA freelist_count"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = database_.prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

int Rows::begin() { return begin_.run(); }

int Rows::commit(const Meta& meta) {
  int index = 0;
  for (const std::uint64_t field : {meta.epoch, meta.position, meta.commits, meta.entries,
                                    meta.boot_id, std::uint64_t{meta.clean ? 1u : 0u}}) {
    write_meta_.bind(++index, static_cast<std::int64_t>(field));
  }
  if (const int code = write_meta_.run(); code != SQLITE_OK) return code;
  return commit_.run();
}

void Rows::roll_back() {
  // Some errors have rolled back already.
  if (sqlite3_get_autocommit(database_.handle()) == 0) static_cast<void>(rollback_.run());
  known_groups_.clear();
}

int Rows::learn_group(std::int64_t group_id, const Labels& labels) {
  if (labels.empty() || known_groups_.contains(group_id)) return SQLITE_OK;
  for (const Label& label : labels) {
    insert_group_.bind(1, column_of(label.id()));
    insert_group_.bind(2, group_id);
    filter_.add(LabelFilter::Way::kGroup, label.id());
    if (const int code = insert_group_.run(); code != SQLITE_OK) return code;
  }
  if (known_groups_.size() >= kKnownGroups) known_groups_.clear();
  known_groups_.insert(group_id);
  return SQLITE_OK;
}

int Rows::relabel(std::int64_t id, std::string_view before, std::string_view after) {
  const auto change = [&](Statement& statement, std::string_view labels, std::string_view others) {
    const bool inserts = &statement == &insert_label_;
    for (std::size_t index = 0; index < count_of(labels); ++index) {
      const std::int64_t label = label_at(labels, index);
      if (contains(others, label)) continue;
      if (inserts) filter_.add(LabelFilter::Way::kOwn, LabelId{static_cast<std::uint64_t>(label)});
      statement.bind(1, label);
      statement.bind(2, id);
      if (const int code = statement.run(); code != SQLITE_OK) return code;
    }
    return SQLITE_OK;
  };
  const int code = change(delete_label_, before, after);
  return code != SQLITE_OK ? code : change(insert_label_, after, before);
}

int Rows::insert(LabelId key, const Record& record, std::string_view bytes, std::string_view labels,
                 Tally& tally) {
  filter_.add(LabelFilter::Way::kKey, key);
  insert_.bind(1, column_of(key));
  insert_.bind(2, column_of(record.number));
  insert_.bind(3, group_of(record));
  bind_expiry(insert_, 4, expiry_of(record.lifetime));
  bind_labels(insert_, 5, labels);
  insert_.bind(6, bytes);
  if (const int code = insert_.run(); code != SQLITE_OK) return code;
  ++tally.entries;
  return relabel(sqlite3_last_insert_rowid(database_.handle()), {}, labels);
}

int Rows::store(LabelId key, const Record& record, Tally& tally) {
  const Result<std::string> bytes = encode_record(record);
  if (!bytes) {
    // It was accepted and cannot be written: the entry that it was to replace must not come back.
    ++tally.errors;
    Removal removal{.label = key,
                    .below = Ticket{UINT64_MAX},
                    .cause = RemovalCause::kReplaced,
                    .told = kToldOfOne};
    std::size_t limit = 1;
    return remove_by_key(removal, limit, tally);
  }
  tally.position = std::max(tally.position, number(record.number));
  const std::string labels = packed(record.labels);
  const std::int64_t group_id = group_of(record);
  if (const int code = learn_group(group_id, record.group); code != SQLITE_OK) return code;

  find_.bind(1, column_of(key));
  const int step = find_.step();
  if (step != SQLITE_ROW) {
    find_.reset();
    return step == SQLITE_DONE ? insert(key, record, *bytes, labels, tally) : step;
  }
  ++tally.removed[static_cast<std::size_t>(RemovalCause::kReplaced)];
  const std::int64_t id = find_.number(0);
  const std::string labels_before(find_.blob(4));
  const std::optional<std::int64_t> expiry = expiry_of(record.lifetime);
  const bool is_same_expiry = find_.is_null(3) == !expiry && find_.number(3) == expiry.value_or(0);
  const bool is_same_group = find_.number(2) == group_id;
  find_.reset();
  // Columns that do not change are left alone: setting one writes its index.
  Statement* update = &update_all_;
  int columns = 6;
  if (is_same_group) {
    columns = !is_same_expiry ? 5 : labels_before != labels ? 4 : 3;
    update = columns == 5 ? &update_expiry_ : columns == 4 ? &update_labels_ : &update_;
  }
  update->bind(1, id);
  update->bind(2, column_of(record.number));
  update->bind(3, *bytes);
  if (columns >= 4) bind_labels(*update, 4, labels);
  if (columns >= 5) bind_expiry(*update, 5, expiry);
  if (columns >= 6) update->bind(6, group_id);
  if (const int code = update->run(); code != SQLITE_OK) return code;
  return labels_before == labels ? SQLITE_OK : relabel(id, labels_before, labels);
}

int Rows::touch(LabelId key, Ticket number, const Lifetime& lifetime, Tally& tally) {
  find_record_.bind(1, column_of(key));
  const int step = find_record_.step();
  if (step != SQLITE_ROW || find_record_.number(0) != column_of(number)) {
    find_record_.reset();
    return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : step;
  }
  Result<Record> record = decode_record(find_record_.blob(1));
  find_record_.reset();
  if (!record) return SQLITE_OK;  // whoever reads it finds out
  record->lifetime = lifetime;
  Tally replaced;
  const int code = store(key, *record, replaced);
  tally.errors += replaced.errors;
  return code;
}

int Rows::drop(LabelId key, Ticket number, Tally& tally) {
  by_key_.bind(1, column_of(key));
  const int step = by_key_.step();
  const bool is_it = step == SQLITE_ROW && by_key_.number(1) == column_of(number);
  Found row;
  if (is_it) row = {by_key_.number(0), std::string(by_key_.blob(2)), key};
  by_key_.reset();
  if (is_it) return remove(row, {.key = key, .why = RemovalCause::kCorrupt}, tally);
  return step == SQLITE_ROW || step == SQLITE_DONE ? SQLITE_OK : step;
}

// Gives the entry the lifetime of which the ttl has ended, and removes it if that is all of it.
int Rows::end_ttl(const Found& row, Removal& removal, Tally& tally, std::size_t& bytes) {
  record_of_.bind(1, row.id);
  const int step = record_of_.step();
  if (step != SQLITE_ROW) {
    record_of_.reset();
    return step == SQLITE_DONE ? SQLITE_OK : step;
  }
  const std::string_view stored = record_of_.blob(0);
  bytes += stored.size();
  Result<Record> record = decode_record(stored);
  record_of_.reset();
  if (!record) return SQLITE_OK;  // whoever reads it finds out
  const Lifetime ended = ended_at(record->lifetime, *removal.end);
  if (ended.keep_for <= ended.fresh_for) return remove(row, removal, RemovalCause::kExpired, tally);
  if (ended == record->lifetime) return SQLITE_OK;
  record->lifetime = ended;
  const Result<std::string> encoded = encode_record(*record);
  if (!encoded) return remove(row, {.key = row.key, .why = RemovalCause::kCorrupt}, tally);
  update_life_.bind(1, row.id);
  bind_expiry(update_life_, 2, expiry_of(ended));
  update_life_.bind(3, *encoded);
  return update_life_.run();
}

int Rows::erase(const Found& row, RemovalCause cause, Tally& tally) {
  if (const int code = relabel(row.id, row.labels, {}); code != SQLITE_OK) return code;
  delete_.bind(1, row.id);
  if (const int code = delete_.run(); code != SQLITE_OK) return code;
  tally.remove(cause);
  return SQLITE_OK;
}

int Rows::remove(const Found& row, const RecordRemoval& told, Tally& tally) {
  const int code = erase(row, told.why, tally);
  if (code == SQLITE_OK) tally.tell(told);
  return code;
}

int Rows::remove(const Found& row, Removal& removal, RemovalCause cause, Tally& tally) {
  const int code = erase(row, cause, tally);
  if (code != SQLITE_OK || removal.told >= kToldOfOne) return code;
  ++removal.told;
  // Only the key itself is erased: what carries it as a label was made wrong by that.
  if (cause == RemovalCause::kErased && row.key != removal.label)
    cause = RemovalCause::kInvalidated;
  tally.tell({.key = row.key, .why = cause, .number = removal.below, .via = removal.label});
  return code;
}

}  // namespace strata::sqlite
