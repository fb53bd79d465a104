// RecordTier: the port's rules over a map.
#include "testkit/record_tier.h"

#include <algorithm>

namespace strata::testkit {

namespace {

std::string map_key(KeyRef key) {
  return std::string(key.text) + '\n' + std::string(key.long_params);
}

std::string map_key(const Record& record) { return record.key_text + '\n' + record.long_params; }

std::vector<LabelId> ids_of(const Record& record) {
  std::vector<LabelId> ids{label_id(LabelKind::kKey, record.key_text)};
  for (const Label& label : record.group) ids.push_back(label.id());
  for (const Label& label : record.labels) ids.push_back(label.id());
  return ids;
}

bool carries_any(const Record& record, std::span<const Label> labels) {
  const std::vector<LabelId> ids = ids_of(record);
  return std::any_of(labels.begin(), labels.end(), [&](const Label& label) {
    return label.kind() == LabelKind::kAll ||
           std::find(ids.begin(), ids.end(), label.id()) != ids.end();
  });
}

}  // namespace

std::optional<Error> RecordTier::fails() {
  ++calls_;
  if (closed_) return Error{ErrorCode::kClosed, name_ + " is closed", {}};
  if (broken_ || (fault_ && fault_())) {
    return Error{ErrorCode::kUnavailable, name_ + " is broken by the test", {}};
  }
  return std::nullopt;
}

std::size_t RecordTier::size() const {
  const MutexLock lock(mutex_);
  return records_.size();
}

void RecordTier::forget_all() {
  const MutexLock lock(mutex_);
  records_.clear();
}

bool RecordTier::holds(const std::string& key_text) const {
  const MutexLock lock(mutex_);
  return records_.contains(key_text + '\n');
}

Ticket RecordTier::position() const {
  const MutexLock lock(mutex_);
  return labels_.position();
}

Result<std::optional<Record>> RecordTier::get(KeyRef key, Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  const auto found = records_.find(map_key(key));
  found == records_.end() ? ++stats_.misses : ++stats_.hits;
  if (found == records_.end()) return std::optional<Record>();
  return std::optional<Record>(found->second);
}

Result<std::vector<std::optional<Record>>> RecordTier::get_many(std::span<const KeyRef> keys,
                                                                Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  std::vector<std::optional<Record>> records;
  for (const KeyRef& key : keys) {
    const auto found = records_.find(map_key(key));
    found == records_.end() ? ++stats_.misses : ++stats_.hits;
    records.push_back(found == records_.end() ? std::optional<Record>() : found->second);
  }
  return records;
}

bool RecordTier::refused(const Record& record, Ticket ticket) const {
  return labels_.invalidated_after(ids_of(record), ticket);
}

std::uint64_t RecordTier::remove_labelled(std::span<const Label> labels) {
  return std::erase_if(records_,
                       [&](const auto& item) { return carries_any(item.second, labels); });
}

Result<FillOutcome> RecordTier::fill(const Record& record, Ticket ticket, Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  if (refused(record, ticket)) {
    ++stats_.refused;
    return FillOutcome::kRefused;
  }
  ++stats_.stored;
  Record& stored = records_[map_key(record)] = record;
  stored.number = labels_.position();
  return FillOutcome::kStored;
}

Result<FillOutcome> RecordTier::put(KeyRef key, const Record* record, Ticket ticket, Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  const bool keep = record != nullptr && !refused(*record, ticket);
  const Label label(LabelKind::kKey, std::string(key.text));
  const LabelId id = label.id();
  const Ticket raised = labels_.raise(std::span(&id, 1));
  remove_labelled(std::span(&label, 1));
  if (!keep) return record == nullptr ? FillOutcome::kStored : FillOutcome::kRefused;
  Record& stored = records_[map_key(*record)] = *record;
  stored.number = raised;
  ++stats_.stored;
  return FillOutcome::kStored;
}

Ticket RecordTier::raise(std::span<const Label> labels) {
  std::vector<LabelId> ids;
  for (const Label& label : labels) ids.push_back(label.id());
  ++stats_.invalidations;
  return labels_.raise(ids);
}

InvalidateOutcome RecordTier::invalidate(std::span<const Label> labels) {
  const MutexLock lock(mutex_);
  const Ticket position = raise(labels);
  return {position, remove_labelled(labels)};
}

InvalidateOutcome RecordTier::expire(std::span<const Label> labels) {
  const MutexLock lock(mutex_);
  InvalidateOutcome outcome{raise(labels), 0};
  for (auto place = records_.begin(); place != records_.end();) {
    const auto item = place++;
    Lifetime& lifetime = item->second.lifetime;
    if (!carries_any(item->second, labels)) continue;
    const Lifetime ended = ended_at(lifetime, clock_->now(), clock_->wall_now(), clock_->boot_id());
    if (ended != lifetime) ++*outcome.removed;
    lifetime = ended;
    if (ended.keep_for <= ended.fresh_for) records_.erase(item);
  }
  return outcome;
}

Result<bool> RecordTier::touch(KeyRef key, const Lifetime& lifetime, Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  const auto found = records_.find(map_key(key));
  if (found == records_.end()) return false;
  found->second.lifetime = lifetime;
  return true;
}

Result<ScanPage> RecordTier::scan(const ScanCursor& cursor, std::size_t limit, Deadline) {
  if (auto error = fails()) return *error;
  const MutexLock lock(mutex_);
  ScanPage page;
  auto it = records_.upper_bound(cursor.position);
  for (; it != records_.end() && page.records.size() < limit; ++it) {
    page.records.push_back(it->second);
    page.next = ScanCursor{it->first};
  }
  if (it == records_.end()) page.next.reset();
  return page;
}

Result<std::uint64_t> RecordTier::remove_expired(Deadline) {
  if (auto error = fails()) return *error;
  return std::uint64_t{0};
}

Result<void> RecordTier::flush(Deadline) {
  if (auto error = fails()) return *error;
  return {};
}

TierStats RecordTier::stats() const {
  const MutexLock lock(mutex_);
  TierStats stats = stats_;
  stats.name = name_;
  stats.state = broken_ ? TierState::kDegraded : TierState::kOk;
  stats.entries = records_.size();
  return stats;
}

void RecordTier::close(Deadline) { closed_ = true; }

}  // namespace strata::testkit
