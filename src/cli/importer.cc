#include "cli/importer.h"

#include <algorithm>
#include <utility>

#include "cli/keyspace_group.h"
#include "core/quote.h"
#include "strata/core/duration.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

constexpr std::int64_t kFutureToleranceMs = 2'000;  // clocks differ

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// Two clocks are read at two times, so that a value is never quite as old as itself.
bool is_as_new(Duration there, Duration offered) {
  return there <= offered + std::chrono::milliseconds(100);
}

}  // namespace

Importer::Importer(Session& session, Options options)
    : session_(session), options_(options), at_(session.clock()) {
  for (Tier* tier : session.cache().lower_tiers()) places_.push_back({tier, tier->position()});
}

void Importer::begin_again() {
  head_.reset();
  end_.reset();
  keys_.clear();
  entries_ = redacted_ = 0;
  counts_ = {};
}

Result<ExportLine> Importer::check(std::string_view line) {
  ++counts_.lines;
  Result<ExportLine> read = read_line(line);
  if (!read || std::holds_alternative<BlankLine>(*read)) return read;
  Result<void> checked;
  if (const auto* head = std::get_if<ExportHead>(&*read)) {
    checked = check_head(*head);
  } else if (!head_) {
    checked = rejected(
        "the first line of an export says what it is: {\"format\":\"strata.export\""
        ", ...}; this file is none");
  } else if (end_) {
    checked = rejected("there is something behind the last line of the export");
  } else if (const auto* end = std::get_if<ExportEnd>(&*read)) {
    end_ = *end;
  } else if (const auto* record = std::get_if<Record>(&*read)) {
    ++entries_;
    checked = check_record(*record);
  } else {
    ++redacted_;
  }
  if (!checked) return checked.error();
  return read;
}

Result<void> Importer::check_head(const ExportHead& head) {
  if (head_) return rejected("this is the first line of another export; import them one by one");
  head_ = head;
  if (head.exported_at.unix_ms <= at_.wall_now.unix_ms + kFutureToleranceMs) return {};
  return rejected("exported_at is " + format_wall_time(head.exported_at) + ", and it is " +
                  format_wall_time(at_.wall_now) +
                  " now: put the clock of this machine, or of the other one, right");
}

Result<void> Importer::check_record(const Record& record) {
  ++counts_.entries;
  if (counts_.entries > limits::kImportEntries) {
    return rejected("there are more than " + std::to_string(limits::kImportEntries) +
                    " entries; export them by keyspace, and import one file after the other");
  }
  const WallTime written = record.lifetime.written_wall;
  if (written > head_->exported_at) {
    return rejected("written_at is " + format_wall_time(written) + ", after exported_at, " +
                    format_wall_time(head_->exported_at));
  }
  if (!keys_.insert(key_hash(record.key_text)).second) {
    return rejected("the key " + internal::quoted(record.key_text) +
                    " stands in the file twice; remove one of the lines");
  }
  const Result<Key> key = Key::parse(record.key_text, record.long_params);
  if (!key) return key.error();
  const std::string unknown = unknown_keyspace(key->keyspace());
  if (!unknown.empty()) return rejected(unknown);
  return {};
}

// Where the configuration names keyspaces, a name that is nowhere is a mistake.
std::string Importer::unknown_keyspace(std::string_view name) {
  if (const auto found = judged_keyspaces_.find(name); found != judged_keyspaces_.end()) {
    return found->second;
  }
  std::string wrong;
  if (!session_.settings().keyspaces.empty()) {
    if (!names_) names_.emplace(session_);
    wrong = names_->remark_on_keyspace(name);
    if (!wrong.empty()) wrong += "; add it to cache.keyspaces of the configuration";
  }
  judged_keyspaces_.emplace(name, wrong);
  return wrong;
}

// Why a look-up in this configuration would not be answered with it; empty if it would.
std::string Importer::why_not_wanted(const Record& record) const {
  const Result<Key> key = Key::parse(record.key_text, record.long_params);
  const std::string name(key->keyspace());
  const KeyspaceOptions& options = options_of(session_.settings(), name);
  if (options.sensitive) return "keyspace " + name + " is sensitive: only memory may hold it";
  if (options.encrypt) return "keyspace " + name + " is encrypted, and values of an export are not";
  if (!options.enabled.includes(key->hash())) {
    return "keyspace " + name +
           (options.enabled.none() ? " is switched off"
                                   : " is switched off for this key, which is not in its share") +
           " (enabled: " + to_string(options.enabled) + ")";
  }
  if (options.ttl == Duration(0)) return "keyspace " + name + " has a ttl of 0";
  if (record.payload.size() > options.max_value_bytes) {
    return "keyspace " + name + " takes values of at most " +
           std::to_string(options.max_value_bytes) + " bytes (max_value_bytes)";
  }
  if (key->parts().version != options.key_version) {
    return "keyspace " + name + " has the key_version " + internal::quoted(options.key_version);
  }
  if (const auto missing = missing_label(session_.settings(), record.group)) {
    return "keyspace " + name + ": " + describe_missing(*missing);
  }
  return {};
}

Duration Importer::age_of(const Record& record) const {
  const std::int64_t ms = at_.wall_now.unix_ms - record.lifetime.written_wall.unix_ms;
  constexpr std::int64_t kMostMs = kForever.count() / 1'000'000;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kMostMs));
}

// Whether what is there stays. `replaces`: there is another value, which something may depend on.
Result<bool> Importer::is_kept(const Place& place, const Record& record, bool& replaces) {
  const KeyRef key{record.key_text, key_hash(record.key_text), record.long_params};
  const auto there = session_.peek(*place.tier, key);
  if (!there) return there.error();
  replaces = false;
  if (!there->has_value()) return false;
  const RecordRow row = row_of(place.tier->name(), **there, at_);
  if (!options_.overwrite && is_as_new(row.age, age_of(record))) return true;
  replaces = (*there)->payload != record.payload || (*there)->negative != record.negative;
  return false;
}

Result<FillOutcome> Importer::offer(const Place& place, const Record& record, bool replaces) {
  const KeyRef key{record.key_text, key_hash(record.key_text), record.long_params};
  const auto once = [&] {
    return replaces ? place.tier->put(key, &record, place.ticket, {})
                    : place.tier->fill(record, place.ticket, {});
  };
  Result<FillOutcome> outcome = once();
  if (!outcome || *outcome != FillOutcome::kDeclined) return outcome;
  // Perhaps there is room when what came before is written.
  if (const Result<void> flushed = place.tier->flush({}); !flushed) return flushed.error();
  return once();
}

Result<void> Importer::store(Record record) {
  const Remaining left = remaining(record.lifetime, at_.now, at_.wall_now, at_.boot_id);
  if (left.kept <= Duration(0)) {
    ++counts_.expired;
    return {};
  }
  if (const std::string reason = why_not_wanted(record); !reason.empty()) {
    ++counts_.not_wanted;
    ++counts_.reasons[reason];
    return {};
  }
  // By the clock that nobody sets, where it was running when the value was written.
  const Duration age = age_of(record);
  if (age <= at_.now.since_boot) {
    record.lifetime.written_since_boot = at_.now.since_boot - age;
    record.lifetime.boot_id = at_.boot_id;
  }
  for (const Place& place : places_) {
    bool replaces = false;
    const Result<bool> kept = is_kept(place, record, replaces);
    if (!kept) return kept.error();
    if (*kept || options_.dry_run) {
      ++(*kept ? counts_.kept : counts_.stored);
      continue;
    }
    const Result<FillOutcome> outcome = offer(place, record, replaces);
    if (!outcome) return outcome.error();
    ++(*outcome == FillOutcome::kStored    ? counts_.stored
       : *outcome == FillOutcome::kRefused ? counts_.refused
                                           : counts_.declined);
  }
  return {};
}

Result<void> Importer::check_end() {
  if (!head_) return rejected("there is nothing in it; an export has at least two lines");
  if (!end_) {
    return rejected(
        "the export ends too early, its last line is missing: copy it again, or export "
        "once more");
  }
  if (end_->entries == entries_ && end_->redacted == redacted_) return {};
  return rejected("the last line tells of " + std::to_string(end_->entries) + " entries and " +
                  std::to_string(end_->redacted) + " that are not shown, and there are " +
                  std::to_string(entries_) + " and " + std::to_string(redacted_) +
                  ": lines were added or removed; set the counts right if that was meant");
}

}  // namespace strata::cli
