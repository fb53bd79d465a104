// RecordTier: the port's rules over a map.
#include "strata/testing/record_tier.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "core/mutex.h"
#include "strata/core/label_table.h"

namespace strata {

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

struct RecordTier::State {
  State(std::string its_name, std::shared_ptr<Clock> its_clock, std::size_t remembered_labels)
      : name(std::move(its_name)), clock(std::move(its_clock)), labels(remembered_labels) {}

  // The error of a call that is to fail, or nothing.
  std::optional<Error> fails() {
    ++calls;
    if (closed) return Error{ErrorCode::kClosed, name + " is closed", {}};
    if (broken) return Error{ErrorCode::kUnavailable, name + " is broken by the test", {}};
    return std::nullopt;
  }

  [[nodiscard]] bool refused(const Record& record, Ticket ticket) const STRATA_REQUIRES(mutex) {
    return labels.invalidated_after(ids_of(record), ticket);
  }

  // Whether it is too large, which counts.
  [[nodiscard]] bool declines(const Record& record) STRATA_REQUIRES(mutex) {
    const bool too_large = record.payload.size() > max_payload_bytes;
    stats.declined += too_large ? 1 : 0;
    return too_large;
  }

  void count_expired(std::uint64_t records_gone) STRATA_REQUIRES(mutex) {
    stats.removals[static_cast<std::size_t>(RemovalCause::kExpired)] += records_gone;
  }

  // A record past its keep_for is nothing.
  [[nodiscard]] std::optional<Record> find(KeyRef key) STRATA_REQUIRES(mutex) {
    const auto found = records.find(map_key(key));
    const bool there = found != records.end() && !is_over(found->second.lifetime);
    there ? ++stats.hits : ++stats.misses;
    return there ? std::optional<Record>(found->second) : std::nullopt;
  }

  [[nodiscard]] bool is_over(const Lifetime& lifetime) const {
    return remaining(lifetime, clock->now(), clock->wall_now(), clock->boot_id()).kept <=
           Duration::zero();
  }

  Ticket raise(std::span<const Label> raised) STRATA_REQUIRES(mutex) {
    std::vector<LabelId> ids;
    for (const Label& label : raised) ids.push_back(label.id());
    ++stats.invalidations;
    return labels.raise(ids);
  }

  std::uint64_t remove_labelled(std::span<const Label> removed) STRATA_REQUIRES(mutex) {
    return std::erase_if(records,
                         [&](const auto& item) { return carries_any(item.second, removed); });
  }

  const std::string name;
  const std::shared_ptr<Clock> clock;
  std::atomic<std::size_t> max_payload_bytes{SIZE_MAX};
  std::atomic<bool> broken{false};
  std::atomic<bool> closed{false};
  std::atomic<std::uint64_t> calls{0};
  mutable Mutex mutex;
  LabelTable labels STRATA_GUARDED_BY(mutex);
  std::map<std::string, Record> records STRATA_GUARDED_BY(mutex);
  TierStats stats STRATA_GUARDED_BY(mutex);
};

RecordTier::RecordTier(std::string name, std::shared_ptr<Clock> clock,
                       std::size_t remembered_labels)
    : state_(std::make_unique<State>(std::move(name), std::move(clock), remembered_labels)) {}

RecordTier::~RecordTier() = default;

void RecordTier::set_broken(bool broken) { state_->broken = broken; }

void RecordTier::set_max_payload_bytes(std::size_t bytes) { state_->max_payload_bytes = bytes; }

std::uint64_t RecordTier::calls() const { return state_->calls; }

std::string_view RecordTier::name() const { return state_->name; }

std::size_t RecordTier::size() const {
  const MutexLock lock(state_->mutex);
  return state_->records.size();
}

void RecordTier::forget_all() {
  const MutexLock lock(state_->mutex);
  state_->records.clear();
}

bool RecordTier::holds(const std::string& key_text) const {
  const MutexLock lock(state_->mutex);
  return state_->records.contains(key_text + '\n');
}

Ticket RecordTier::position() const {
  const MutexLock lock(state_->mutex);
  return state_->labels.position();
}

Result<std::optional<Record>> RecordTier::get(KeyRef key, Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  return state_->find(key);
}

Result<std::vector<std::optional<Record>>> RecordTier::get_many(std::span<const KeyRef> keys,
                                                                Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  std::vector<std::optional<Record>> records;
  for (const KeyRef& key : keys) records.push_back(state_->find(key));
  return records;
}

Result<FillOutcome> RecordTier::fill(const Record& record, Ticket ticket, Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  if (state_->refused(record, ticket)) {
    ++state_->stats.refused;
    return FillOutcome::kRefused;
  }
  if (state_->declines(record)) return FillOutcome::kDeclined;
  ++state_->stats.stored;
  Record& stored = state_->records[map_key(record)] = record;
  stored.number = state_->labels.position();
  return FillOutcome::kStored;
}

Result<FillOutcome> RecordTier::put(KeyRef key, const Record* record, Ticket ticket, Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  const bool keep = record != nullptr && !state_->refused(*record, ticket);
  const Label label(LabelKind::kKey, std::string(key.text));
  const LabelId id = label.id();
  const Ticket raised = state_->labels.raise(std::span(&id, 1));
  state_->remove_labelled(std::span(&label, 1));
  if (!keep) return record == nullptr ? FillOutcome::kStored : FillOutcome::kRefused;
  if (state_->declines(*record)) return FillOutcome::kDeclined;
  Record& stored = state_->records[map_key(*record)] = *record;
  stored.number = raised;
  ++state_->stats.stored;
  return FillOutcome::kStored;
}

InvalidateOutcome RecordTier::invalidate(std::span<const Label> labels) {
  const MutexLock lock(state_->mutex);
  const Ticket position = state_->raise(labels);
  return {position, state_->remove_labelled(labels)};
}

InvalidateOutcome RecordTier::expire(std::span<const Label> labels) {
  const Clock& clock = *state_->clock;
  const MutexLock lock(state_->mutex);
  InvalidateOutcome outcome{state_->raise(labels), 0};
  for (auto place = state_->records.begin(); place != state_->records.end();) {
    const auto item = place++;
    Lifetime& lifetime = item->second.lifetime;
    if (!carries_any(item->second, labels)) continue;
    const Lifetime ended = ended_at(lifetime, clock.now(), clock.wall_now(), clock.boot_id());
    if (ended != lifetime) ++*outcome.removed;
    lifetime = ended;
    if (ended.keep_for > ended.fresh_for) continue;
    state_->records.erase(item);
    state_->count_expired(1);
  }
  return outcome;
}

Result<bool> RecordTier::touch(KeyRef key, const Lifetime& lifetime, Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  const auto found = state_->records.find(map_key(key));
  if (found == state_->records.end() || state_->is_over(found->second.lifetime)) return false;
  found->second.lifetime = lifetime;
  return true;
}

Result<ScanPage> RecordTier::scan(const ScanCursor& cursor, std::size_t limit, Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  ScanPage page;
  auto it = state_->records.upper_bound(cursor.position);
  for (; it != state_->records.end() && page.records.size() < limit; ++it) {
    page.records.push_back(it->second);
    page.next = ScanCursor{it->first};
  }
  if (it == state_->records.end()) page.next.reset();
  return page;
}

Result<std::uint64_t> RecordTier::remove_expired(Deadline) {
  if (auto error = state_->fails()) return *error;
  const MutexLock lock(state_->mutex);
  const std::uint64_t gone = std::erase_if(
      state_->records, [&](const auto& item) { return state_->is_over(item.second.lifetime); });
  state_->count_expired(gone);
  return gone;
}

Result<void> RecordTier::flush(Deadline) {
  if (auto error = state_->fails()) return *error;
  return {};
}

TierStats RecordTier::stats() const {
  const MutexLock lock(state_->mutex);
  TierStats stats = state_->stats;
  stats.name = state_->name;
  stats.state = state_->broken ? TierState::kDegraded : TierState::kOk;
  if (state_->broken) stats.reason = "broken by the test";
  stats.entries = state_->records.size();
  return stats;
}

void RecordTier::close(Deadline) { state_->closed = true; }

}  // namespace strata
