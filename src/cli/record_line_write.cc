// What an export writes.
#include <algorithm>
#include <array>

#include "cli/record_filter.h"
#include "cli/record_line.h"
#include "cli/text.h"
#include "codecs/utf8.h"
#include "strata/codecs/json.h"
#include "strata/codecs/json_writer.h"
#include "strata/core/duration.h"
#include "strata/core/key.h"
#include "strata/core/value_type.h"

namespace strata::cli {
namespace {

constexpr std::array<std::string_view, 4> kCodecs{"string", "json", "bytes", "bytes-of"};

void write_codec(JsonWriter& writer, std::uint32_t codec) {
  writer.key("codec");
  const auto found = std::find_if(kCodecs.begin(), kCodecs.end(),
                                  [&](std::string_view name) { return codec_id(name) == codec; });
  if (found != kCodecs.end()) {
    writer.value(*found);
  } else {
    writer.value(codec);
  }
}

// In components, or as it stands where a component is not text.
void write_key(JsonWriter& writer, const Record& record, const KeyParts& parts) {
  bool is_text = is_utf8(parts.version) && is_utf8(parts.kind) && is_utf8(parts.identifier);
  for (const auto& [name, value] : parts.params) {
    is_text = is_text && is_utf8(name) && is_utf8(value);
  }
  writer.key("key").begin_object();
  if (!is_text) {
    writer.member("text", record.key_text);
    if (!record.long_params.empty()) writer.member("params_text", record.long_params);
    writer.end_object();
    return;
  }
  writer.member("version", parts.version).member("keyspace", parts.keyspace);
  if (!parts.kind.empty()) writer.member("kind", parts.kind);
  writer.member("id", parts.identifier);
  if (!parts.params.empty()) {
    writer.key("params").begin_object();
    for (const auto& [name, value] : parts.params) writer.member(name, value);
    writer.end_object();
  }
  writer.end_object();
}

void write_labels(JsonWriter& writer, std::string_view name, const Labels& labels) {
  if (labels.empty()) return;
  writer.key(name).begin_array();
  for (const Label& label : labels) writer.value(format_label(label));
  writer.end_array();
}

void write_time(JsonWriter& writer, std::string_view name, WallTime written, Duration life) {
  writer.key(name);
  if (life == kForever) {
    writer.null();
  } else {
    writer.value(format_wall_time(later(written, life)));
  }
}

void write_value(JsonWriter& writer, const Record& record) {
  const bool is_raw = record.compression == CompressionId::kNone;
  if (is_raw && record.codec == codec_id("string") && is_utf8(record.payload)) {
    writer.member("value", record.payload);
    return;
  }
  if (is_raw && record.codec == codec_id("json")) {
    // A level deeper than it is by itself, as it will be in the line.
    const Result<Json> json = Json::parse("[" + record.payload + "]");
    if (json && json->text() == "[" + record.payload + "]") {
      writer.key("value_json").raw(record.payload);
      return;
    }
  }
  writer.member("value_base64", base64(record.payload));
}

}  // namespace

std::string write_line(const ExportHead& head) {
  JsonWriter writer;
  writer.begin_object().member("format", kExportFormat).member("version", kExportVersion);
  writer.member("exported_at", format_wall_time(head.exported_at));
  return writer.end_object().take() + "\n";
}

std::string write_line(const ExportEnd& end) {
  JsonWriter writer;
  writer.begin_object().key("end").begin_object().member("entries", end.entries);
  writer.member("redacted", end.redacted).end_object();
  return writer.end_object().take() + "\n";
}

std::string write_line(const RedactedEntry& entry) {
  JsonWriter writer;
  writer.begin_object().member("redacted", entry.keyspace);
  return writer.end_object().take() + "\n";
}

Result<std::string> write_line(const Record& record, WallTime written) {
  const Result<Key> key = Key::parse(record.key_text, record.long_params);
  if (!key) return key.error();
  JsonWriter writer;
  writer.begin_object();
  write_key(writer, record, key->parts());
  write_labels(writer, "group", record.group);
  write_labels(writer, "labels", record.labels);
  writer.member("written_at", format_wall_time(written));
  write_time(writer, "fresh_until", written, record.lifetime.fresh_for);
  write_time(writer, "kept_until", written, record.lifetime.keep_for);
  write_codec(writer, record.codec);
  writer.member("schema", record.schema);
  if (!record.version.empty()) {
    if (is_utf8(record.version)) {
      writer.member("source_version", record.version);
    } else {
      writer.member("source_version_base64", base64(record.version));
    }
  }
  if (record.source_last_modified) {
    writer.member("source_last_modified", format_wall_time(*record.source_last_modified));
  }
  if (record.load_cost_us > 0) writer.member("load_cost_us", record.load_cost_us);
  if (record.compression != CompressionId::kNone) {
    writer.member("compression", static_cast<std::uint32_t>(record.compression));
    writer.member("raw_size", record.raw_size);
  }
  if (record.negative) {
    writer.member("absent", true);
  } else {
    write_value(writer, record);
  }
  return writer.end_object().take() + "\n";
}

}  // namespace strata::cli
