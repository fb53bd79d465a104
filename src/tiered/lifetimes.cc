// How long a value lives and what it carries.
#include "tiered/lifetimes.h"

#include <algorithm>
#include <cmath>

#include "tiered/packing.h"

namespace strata::internal {

namespace {

bool has_version(const Entry& entry, const std::string& version) {
  return entry.details() != nullptr && entry.details()->version == version;
}

}  // namespace

Freshness freshness(const Entry& entry, Instant now, const KeyspaceState& keyspace,
                    const CallOptions& call) {
  const Instant fresh_until = entry.fresh_until();
  const bool is_wanted = call.version.empty() || has_version(entry, call.version);
  if (now < fresh_until) return is_wanted ? Freshness::kFresh : Freshness::kKept;
  if (now >= entry.keep_until()) return Freshness::kGone;
  const Duration stale_for = call.stale_for.value_or(keyspace.options.stale_for);
  const bool is_stale = is_wanted && now < saturating_add(fresh_until, stale_for);
  return is_stale ? Freshness::kStale : Freshness::kKept;
}

Error negative_duration(const std::string& what) {
  return {ErrorCode::kRejected,
          what + " is below zero; 0 is the least, and of a ttl: do not cache",
          {}};
}

std::optional<Error> check_durations(const CallOptions& call) {
  if (&call == &kDefaultCall) return std::nullopt;
  const std::pair<const char*, const std::optional<Duration>*> durations[] = {
      {"ttl", &call.ttl},
      {"stale_for", &call.stale_for},
      {"keep_for", &call.keep_for},
      {"negative_ttl", &call.negative_ttl},
      {"soft_timeout", &call.soft_timeout},
      {"hard_timeout", &call.hard_timeout}};
  for (const auto& [option, duration] : durations) {
    if (*duration && **duration < Duration(0)) {
      return negative_duration(std::string(option) + " of a call");
    }
  }
  return std::nullopt;
}

std::optional<Error> check_durations(const Load::State& load) {
  const std::pair<const char*, const std::optional<Duration>*> durations[] = {
      {"ttl", &load.ttl}, {"keep_for", &load.keep_for}, {"negative_ttl", &load.negative_ttl}};
  for (const auto& [option, duration] : durations) {
    if (*duration && **duration < Duration(0)) {
      return negative_duration(std::string(option) + " that a loader gave");
    }
  }
  return std::nullopt;
}

Duration jittered(Duration ttl, double jitter, std::uint64_t key_hash) {
  if (ttl == kForever || ttl <= Duration(0) || jitter <= 0) return ttl;
  // The hash's upper bits, as a share of [0, 1).
  const double share = static_cast<double>(key_hash >> 11) * 0x1.0p-53;
  const auto cut = static_cast<std::int64_t>(static_cast<double>(ttl.count()) * jitter * share);
  return std::max(ttl - Duration(cut), Duration(1));
}

Life life_of_value(const KeyspaceState& keyspace, const CallOptions& call, const Load::State* load,
                   std::uint64_t key_hash) {
  const KeyspaceOptions& options = keyspace.options;
  const Duration said = load != nullptr && load->ttl ? *load->ttl : options.ttl;
  const Duration ttl = call.ttl.value_or(said);
  if (ttl <= Duration(0)) return {};
  const Duration said_keep = load != nullptr && load->keep_for ? *load->keep_for : options.keep_for;
  const Duration keep =
      std::max(call.keep_for.value_or(said_keep), call.stale_for.value_or(options.stale_for));
  const Duration fresh_for = jittered(ttl, options.ttl_jitter, key_hash);
  return {fresh_for, saturating_add(fresh_for, keep)};
}

Life life_of_absence(const KeyspaceState& keyspace, const CallOptions& call,
                     const Load::State* load, std::uint64_t key_hash) {
  const Duration said =
      load != nullptr && load->negative_ttl ? *load->negative_ttl : keyspace.options.negative_ttl;
  const Duration ttl = std::max(call.negative_ttl.value_or(said), Duration(0));
  const Duration fresh_for = jittered(ttl, keyspace.options.ttl_jitter, key_hash);
  return {fresh_for, fresh_for};
}

namespace {

bool contains(const Labels& labels, const Label& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

}  // namespace

Result<Description> describe(const KeyspaceState& keyspace, const Labels& labels,
                             const Labels& inherited, std::string version,
                             std::optional<WallTime> source_last_modified) {
  Description description;
  const auto add = [&](const Label& label) {
    const bool known =
        contains(keyspace.group.labels, label) || contains(description.labels, label);
    if (!known) description.labels.push_back(label);
  };
  for (const Label& label : labels) {
    if (Result<void> valid = label.validate(); !valid) return valid.error();
    add(label);
  }
  const std::size_t given = description.labels.size();
  for (const Label& label : inherited) add(label);
  if (given > limits::kTagsPerEntry || description.labels.size() > limits::kLabelsPerEntry) {
    return Error{ErrorCode::kRejected,
                 "a value may carry " + std::to_string(limits::kTagsPerEntry) +
                     " labels of its own and " + std::to_string(limits::kLabelsPerEntry) +
                     " with those inherited, not " + std::to_string(given) + " and " +
                     std::to_string(description.labels.size()) + "; use coarser tags",
                 {}};
  }
  if (version.size() > limits::kVersionBytes) {
    return Error{ErrorCode::kRejected,
                 "a version of " + std::to_string(version.size()) + " bytes is over the limit of " +
                     std::to_string(limits::kVersionBytes),
                 {}};
  }
  description.version = std::move(version);
  description.source_last_modified = source_last_modified;
  return description;
}

Result<void> close_labels(KeyspaceState& keyspace, KeyRef key, Description& description) {
  DependencyGraph& graph = keyspace.cache.dependencies;
  if (graph.empty()) return {};
  std::vector<LabelId> also = keyspace.group.ids;
  also.push_back(label_id(LabelKind::kKey, key.text));
  const Closure closure = graph.close(description.labels, also);
  description.memory_only = closure == Closure::kCut;
  if (closure != Closure::kFailed) return {};
  return Error{ErrorCode::kUnavailable,
               "what '" + std::string(key.text) + "' depends on could not be followed",
               {}};
}

void dress(Entry& entry, const KeyspaceState& keyspace, KeyRef key, Description description,
           Life life, Duration load_cost) {
  const Instant now = keyspace.cache.clock->now();
  entry.set_group(&keyspace.group);
  entry.set_written_at(now);
  entry.set_load_cost(load_cost);
  entry.set_times(saturating_add(now, life.fresh_for), saturating_add(now, life.keep_for));
  entry.set_labels(description.labels);
  const bool plain =
      description.version.empty() && !description.source_last_modified && key.long_params.empty();
  if (plain) return;
  auto details = std::make_unique<EntryDetails>();
  details->long_params = key.long_params;
  details->version = std::move(description.version);
  details->source_last_modified = description.source_last_modified;
  entry.set_details(std::move(details));
}

Result<Record> record_of(const Entry& entry, const KeyspaceState& keyspace) {
  const Clock& clock = *keyspace.cache.clock;
  Record record;
  record.key_text = entry.key_text();
  record.group = keyspace.group.labels;
  record.labels.assign(entry.labels().begin(), entry.labels().end());
  if (const EntryDetails* details = entry.details()) {
    record.long_params = details->long_params;
    record.version = details->version;
    record.source_last_modified = details->source_last_modified;
  }
  const Instant now = clock.now();
  const Duration age = std::max(between(entry.written_at(), now), Duration(0));
  const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  record.lifetime = {.written_wall = {clock.wall_now().unix_ms - age_ms},
                     .written_since_boot = entry.written_at().since_boot,
                     .boot_id = clock.boot_id(),
                     .fresh_for = between(entry.written_at(), entry.fresh_until()),
                     .keep_for = between(entry.written_at(), entry.keep_until())};
  record.load_cost_us = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(entry.load_cost()).count());
  record.codec = entry.type().codec;
  record.schema = entry.type().schema;
  record.negative = entry.negative();
  if (record.negative) return record;
  Result<std::string> payload = entry.encode();
  if (!payload) return payload.error();
  record.raw_size = static_cast<std::uint32_t>(payload->size());
  record.payload = std::move(*payload);
  return record;
}

Duration age_of(const Cache::State& cache, Lifetime lifetime) {
  lifetime.fresh_for = kForever / 2;
  lifetime.keep_for = kForever / 2;
  const Remaining left =
      remaining(lifetime, cache.clock->now(), cache.clock->wall_now(), cache.clock->boot_id());
  return left.fresh == Duration(0) ? Duration(0) : lifetime.fresh_for - left.fresh;
}

namespace {

// As the type stores it, or as something that it may upgrade.
bool is_understood(const Record& record, const ValueType& type) {
  return record.codec == type.codec && (record.schema == type.schema || type.upgrade != nullptr);
}

}  // namespace

std::optional<MissReason> refusal_of(const Record& record, KeyRef key,
                                     const KeyspaceState& keyspace) {
  // Another key's says nothing of this one.
  if (record.key_text != key.text || record.long_params != key.long_params) return std::nullopt;
  const Labels& labels = keyspace.group.labels;
  const bool is_of_it = is_understood(record, keyspace.type) &&
                        std::all_of(labels.begin(), labels.end(), [&](const Label& label) {
                          return contains(record.group, label);
                        });
  if (!is_of_it) return MissReason::kVersion;
  const bool is_old = record.schema != keyspace.type.schema;
  return sealed_from(record, keyspace)
      .value_or(is_old ? MissReason::kVersion : MissReason::kCorrupt);
}

Result<EntryRef> entry_of(const Record& record, KeyRef key, const KeyspaceState& keyspace) {
  const ValueType& type = keyspace.type;
  if (record.key_text != key.text || record.long_params != key.long_params) {
    return Error{ErrorCode::kCorrupt, "the record is of another key", {}};
  }
  if (!is_understood(record, type)) {
    return Error{ErrorCode::kCorrupt, "the record is of another codec or schema", {}};
  }
  // What the keyspace has become a part of since cannot have invalidated it.
  for (const Label& label : keyspace.group.labels) {
    if (contains(record.group, label)) continue;
    return Error{
        ErrorCode::kCorrupt, "the record was stored before the keyspace had its labels", {}};
  }
  const Clock& clock = *keyspace.cache.clock;
  const Instant now = clock.now();
  const Remaining left = remaining(record.lifetime, now, clock.wall_now(), clock.boot_id());
  EntryRef entry;
  std::string room;
  const Result<std::string_view> payload = unpack(record, keyspace, room);
  if (!payload) return payload.error();
  if (record.negative) {
    entry = Entry::make_negative(key, type);
  } else {
    Result<EntryRef> decoded = Entry::decode(key, type, *payload, record.schema);
    if (!decoded) return decoded;
    entry = std::move(*decoded);
  }
  // Labels of a group that the keyspace no longer has still make the value wrong.
  Labels inherited = record.labels;
  inherited.insert(inherited.end(), record.group.begin(), record.group.end());
  Result<Description> description =
      describe(keyspace, {}, inherited, record.version, record.source_last_modified);
  if (!description) return Error{ErrorCode::kCorrupt, description.error().message, {}};
  dress(*entry, keyspace, key, std::move(*description), {left.fresh, left.kept},
        std::chrono::microseconds(record.load_cost_us));
  // Its age goes on from where it was written.
  const Duration age =
      record.lifetime.fresh_for == kForever ? Duration(0) : record.lifetime.fresh_for - left.fresh;
  entry->set_written_at({std::max(now.since_boot - std::max(age, Duration(0)), Duration(0))});
  return entry;
}

Result<EntryRef> copy_value(const Entry& entry) {
  if (entry.negative()) return Entry::make_negative(entry.key(), entry.type());
  Result<std::string> payload = entry.encode();
  if (!payload) return payload.error();
  return Entry::decode(entry.key(), entry.type(), *payload);
}

}  // namespace strata::internal
