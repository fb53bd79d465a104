#include "cli/record_filter.h"

#include <algorithm>

#include "strata/codecs/encryption.h"
#include "strata/core/duration.h"
#include "strata/core/key.h"

namespace strata::cli {
namespace {

// The text of the first label of that kind.
std::string label_text(const Labels& labels, LabelKind kind) {
  for (const Label& label : labels) {
    if (label.kind() == kind) return std::string(label.text());
  }
  return {};
}

// "42", "42?lang=de&page=2", or "year=2022" where there are only parameters.
std::string name_of(const KeyParts& parts) {
  std::string name = parts.kind.empty() ? parts.identifier : parts.kind + "/" + parts.identifier;
  for (const auto& [parameter, value] : parts.params) {
    if (!name.empty()) name += &parameter == &parts.params.front().first ? '?' : '&';
    name += parameter + "=" + value;
  }
  return name;
}

// Bytes outside ASCII are parts of letters.
bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Joins words within a segment.
bool is_joint(char c) { return c == '_' || c == '-'; }

Duration age_of(const Lifetime& lifetime, const Moment& at) {
  if (lifetime.boot_id == at.boot_id) {
    return between({lifetime.written_since_boot}, at.now);
  }
  constexpr std::int64_t kForeverMs = kForever.count() / 1'000'000;
  std::int64_t ms = 0;
  if (__builtin_sub_overflow(at.wall_now.unix_ms, lifetime.written_wall.unix_ms, &ms)) {
    ms = kForeverMs;
  }
  return std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kForeverMs));
}

}  // namespace

bool begins_with_segments(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  if (prefix.empty() || name.size() == prefix.size()) return true;
  const char last = prefix.back();
  return !is_word(last) || !(is_word(name[prefix.size()]) || is_joint(name[prefix.size()]));
}

bool is_called(const RecordRow& row, std::string_view prefix) {
  if (begins_with_segments(row.name, prefix)) return true;
  if (begins_with_segments(row.keyspace + ":" + row.name, prefix)) return true;
  const std::size_t version = row.key.find(':');
  return version != std::string::npos && prefix.size() > version + 1 &&
         begins_with_segments(row.key, prefix);
}

WallTime later(WallTime time, Duration duration) {
  const std::int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (__builtin_add_overflow(time.unix_ms, ms, &time.unix_ms)) {
    time.unix_ms = ms < 0 ? INT64_MIN : INT64_MAX;
  }
  return time;
}

void write_end(JsonWriter& writer, std::optional<WallTime> expires) {
  writer.key("expires_at");
  if (expires) {
    writer.value(format_wall_time(*expires));
  } else {
    writer.null();
  }
}

void write_origin(JsonWriter& writer, const std::string& version,
                  std::optional<WallTime> source_last_modified) {
  if (!version.empty()) writer.member("version", version);
  if (source_last_modified) {
    writer.member("source_last_modified", format_wall_time(*source_last_modified));
  }
}

bool RecordFilter::empty() const {
  return !source && !keyspace && !tag && !prefix && !older_than && !before && !expired;
}

std::optional<Label> RecordFilter::only_label() const {
  if (prefix || older_than || before || expired) return std::nullopt;
  if (source && !keyspace && !tag) return strata::source(*source);
  if (keyspace && !source && !tag) return strata::keyspace(*keyspace);
  if (tag && !source && !keyspace) return strata::tag(*tag);
  return std::nullopt;
}

bool RecordFilter::matches(const RecordRow& row) const {
  const auto carried = [&](const Label& label) {
    return std::find(row.labels.begin(), row.labels.end(), label) != row.labels.end();
  };
  if (source && !carried(strata::source(*source))) return false;
  if (keyspace && !carried(strata::keyspace(*keyspace))) return false;
  if (tag && !carried(strata::tag(*tag))) return false;
  if (prefix && !begins_with_segments(row.name, *prefix)) return false;
  if (older_than && row.age <= *older_than) return false;
  if (before && row.written >= *before) return false;
  return !expired || row.state == RecordState::kExpired;
}

std::string_view to_string(RecordState state) {
  switch (state) {
    case RecordState::kFresh:
      return "fresh";
    case RecordState::kStale:
      return "stale";
    case RecordState::kExpired:
      break;
  }
  return "expired";
}

std::vector<std::string> tags_of(const RecordRow& row) {
  std::vector<std::string> tags;
  for (const Label& label : row.labels) {
    if (label.kind() == LabelKind::kTag) tags.emplace_back(label.text());
  }
  return tags;
}

RecordRow row_of(std::string_view tier, const Record& record, const Moment& at) {
  RecordRow row;
  row.tier = tier;
  row.key = record.key_text;
  const Result<Key> key = Key::parse(record.key_text, record.long_params);
  row.name = key ? name_of(key->parts()) : record.key_text;
  row.keyspace = label_text(record.group, LabelKind::kKeyspace);
  if (row.keyspace.empty() && key) row.keyspace = key->keyspace();
  row.source = label_text(record.group, LabelKind::kSource);
  row.labels = record.group;
  row.labels.insert(row.labels.end(), record.labels.begin(), record.labels.end());
  row.bytes = record.payload.size();
  row.age = age_of(record.lifetime, at);
  row.written = record.lifetime.written_wall;
  row.negative = record.negative;
  row.compression = record.compression;
  row.value_bytes = record.raw_size;
  if (const auto id = encryption_key_of(record)) row.encryption_key = strata::to_string(*id);
  if (record.lifetime.keep_for != kForever) {
    row.expires = later(row.written, record.lifetime.keep_for);
  }
  row.version = record.version;
  row.source_last_modified = record.source_last_modified;
  const Remaining left = remaining(record.lifetime, at.now, at.wall_now, at.boot_id);
  row.fresh_for = left.fresh;
  row.state = left.kept <= Duration(0)    ? RecordState::kExpired
              : left.fresh <= Duration(0) ? RecordState::kStale
                                          : RecordState::kFresh;
  return row;
}

bool carries(const Record& record, std::span<const Label> labels) {
  return std::any_of(labels.begin(), labels.end(), [&](const Label& wanted) {
    if (wanted.kind() == LabelKind::kAll) return true;
    if (wanted.kind() == LabelKind::kKey && wanted.text() == record.key_text) return true;
    return std::find(record.group.begin(), record.group.end(), wanted) != record.group.end() ||
           std::find(record.labels.begin(), record.labels.end(), wanted) != record.labels.end();
  });
}

Result<void> scan_records(
    Cache& cache, const std::function<bool(std::string_view tier, const Record& record)>& visit,
    std::size_t at_once) {
  for (Tier* tier : cache.lower_tiers()) {
    std::optional<ScanCursor> cursor = ScanCursor();
    while (cursor) {
      const Result<ScanPage> page = tier->scan(*cursor, at_once, {});
      if (!page) return page.error();
      for (const Record& record : page->records) {
        if (!visit(tier->name(), record)) return {};
      }
      cursor = page->next;
    }
  }
  return {};
}

}  // namespace strata::cli
