// What an import reads: every member's type and range, and nothing that has no meaning.
#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/record_line.h"
#include "cli/text.h"
#include "core/nearest.h"
#include "core/quote.h"
#include "strata/codecs/json.h"
#include "strata/core/duration.h"
#include "strata/core/key.h"
#include "strata/core/limits.h"
#include "strata/core/value_type.h"

namespace strata::cli {
namespace {

using Object = nlohmann::json;

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

// Takes members of an object by name, with the first thing that is wrong.
class Members {
 public:
  Members(const Object& object, std::string path) : object_(object), path_(std::move(path)) {
    if (!object.is_object()) fail("is not an object");
  }

  [[nodiscard]] bool ok() const { return wrong_.empty(); }
  [[nodiscard]] Error error() const { return rejected(wrong_); }
  [[nodiscard]] bool has(const char* name) const { return ok() && object_.contains(name); }
  void fail(const std::string& what, const char* name = "") {
    if (!wrong_.empty()) return;
    const bool is_whole = path_.empty() && *name == '\0';
    wrong_ = is_whole ? "it " + what : path_ + name + " " + what;
  }

  const Object* any(const char* name, bool is_required) {
    if (!ok()) return nullptr;
    known_.emplace_back(name);
    const auto found = object_.find(name);
    if (found != object_.end()) return &*found;
    if (is_required) fail("is missing", name);
    return nullptr;
  }
  std::string text(const char* name, bool is_required = true) {
    const Object* member = any(name, is_required);
    if (member == nullptr) return {};
    if (!member->is_string()) return fail("is not text", name), std::string();
    return member->get<std::string>();
  }
  std::uint64_t number(const char* name, std::uint64_t max, bool is_required = true) {
    const Object* member = any(name, is_required);
    if (member == nullptr) return 0;
    if (!member->is_number_unsigned() || member->get<std::uint64_t>() > max) {
      fail("is not a whole number from 0 to " + std::to_string(max), name);
      return 0;
    }
    return member->get<std::uint64_t>();
  }
  WallTime time(const char* name) {
    const std::string given = text(name);
    if (!ok()) return {};
    const Result<WallTime> time = parse_wall_time(given);
    if (!time) return fail("is no time: " + time.error().message, name), WallTime{};
    return *time;
  }
  // Nothing for null: never.
  std::optional<WallTime> end(const char* name) {
    const Object* member = any(name, true);
    if (member == nullptr || member->is_null()) return std::nullopt;
    return time(name);
  }
  std::string bytes(const char* name) {
    const std::string given = text(name);
    if (!ok()) return {};
    std::optional<std::string> decoded = from_base64(given);
    if (!decoded) return fail("is not base64", name), std::string();
    return *std::move(decoded);
  }
  Labels labels(const char* name, std::size_t max, bool of_group) {
    Labels labels;
    const Object* member = any(name, false);
    if (member == nullptr) return labels;
    if (!member->is_array() || member->size() > max) {
      return fail("is not a list of at most " + std::to_string(max) + " labels", name), labels;
    }
    for (const Object& item : *member) {
      if (!item.is_string()) return fail("has a label that is not text", name), labels;
      Result<Label> label = parse_label(item.get_ref<const std::string&>());
      if (!label) return fail("has a label that is none: " + label.error().message, name), labels;
      if (is_group_kind(label->kind()) != of_group || label->kind() == LabelKind::kAll) {
        fail("has the label " + internal::quoted(format_label(*label)) +
                 (of_group ? ", which belongs into labels" : ", which belongs into group"),
             name);
        return labels;
      }
      labels.push_back(*std::move(label));
    }
    return labels;
  }
  // All members have been asked for.
  void end_of_members() {
    if (!ok()) return;
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
      fail("has an unknown member " + internal::quoted(name) + internal::suggestion(name, known_));
      return;
    }
  }

 private:
  const Object& object_;
  const std::string path_;
  std::vector<std::string_view> known_;
  std::string wrong_;
};

Result<Key> key_of(Members& line) {
  const Object* given = line.any("key", true);
  if (given == nullptr) return line.error();
  Members members(*given, "key.");
  if (members.has("text")) {
    const std::string text = members.text("text");
    const std::string params = members.text("params_text", false);
    members.end_of_members();
    if (!members.ok()) return members.error();
    return Key::parse(text, params);
  }
  KeyParts parts;
  parts.version = members.text("version");
  parts.keyspace = members.text("keyspace");
  parts.kind = members.text("kind", false);
  parts.identifier = members.text("id");
  if (const Object* params = members.any("params", false)) {
    if (!params->is_object()) members.fail("is not an object", "params");
    for (const auto& [name, value] : params->items()) {
      if (!value.is_string()) {
        members.fail("has a value that is not text", "params");
        break;
      }
      parts.params.emplace_back(name, value.get<std::string>());
    }
  }
  members.end_of_members();
  if (!members.ok()) return members.error();
  return Key::make(parts);
}

std::uint32_t codec_of(Members& line) {
  const Object* given = line.any("codec", true);
  if (given == nullptr) return 0;
  if (given->is_string()) return codec_id(given->get_ref<const std::string&>());
  return static_cast<std::uint32_t>(
      line.number("codec", std::numeric_limits<std::uint32_t>::max()));
}

// Milliseconds as a duration; one that is longer than that has no end.
Duration life(std::int64_t from_ms, std::optional<WallTime> to) {
  constexpr std::int64_t kMostMs = kForever.count() / 1'000'000;
  std::int64_t ms = 0;
  if (!to || __builtin_sub_overflow(to->unix_ms, from_ms, &ms) || ms > kMostMs) return kForever;
  return std::chrono::milliseconds(ms);
}

void read_lifetime(Members& line, Record& record) {
  const WallTime written = line.time("written_at");
  const std::optional<WallTime> fresh = line.end("fresh_until");
  const std::optional<WallTime> kept = line.end("kept_until");
  if (!line.ok()) return;
  record.lifetime.written_wall = written;
  if (fresh && *fresh < written) line.fail("is before written_at", "fresh_until");
  if (kept && (!fresh || *kept < *fresh)) line.fail("is before fresh_until", "kept_until");
  if (!line.ok()) return;
  record.lifetime.fresh_for = life(written.unix_ms, fresh);
  record.lifetime.keep_for = life(written.unix_ms, kept);
}

// As the codec made it. JSON keeps its numbers as they are written.
void read_value(Members& line, const Json& whole, Record& record) {
  const int given = static_cast<int>(line.has("value")) + static_cast<int>(line.has("value_json")) +
                    static_cast<int>(line.has("value_base64")) +
                    static_cast<int>(line.has("absent"));
  if (!line.ok()) return;
  if (given != 1) return line.fail("has to have one of value, value_json, value_base64, absent");
  if (const Object* absent = line.any("absent", false)) {
    if (!absent->is_boolean() || !absent->get<bool>()) return line.fail("is not true", "absent");
    record.negative = true;
    return;
  }
  if (line.has("value")) {
    record.payload = line.text("value");
    if (record.codec != codec_id("string")) line.fail("is for the codec \"string\"", "value");
  } else if (line.has("value_json")) {
    static_cast<void>(line.any("value_json", true));
    record.payload = whole.pick("/value_json").value().text();
    if (record.codec != codec_id("json")) line.fail("is for the codec \"json\"", "value_json");
  } else {
    record.payload = line.bytes("value_base64");
    if (line.ok() && record.codec == codec_id("json") &&
        record.compression == CompressionId::kNone && !Json::parse(record.payload)) {
      line.fail("is not JSON, as its codec says", "value_base64");
    }
  }
  if (record.payload.size() > limits::kValueBytesMax) {
    line.fail("has a value of more than " + std::to_string(limits::kValueBytesMax) + " bytes");
  }
}

void read_origin(Members& line, Record& record) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  record.schema = line.number("schema", kMost);
  if (line.has("source_version_base64")) {
    record.version = line.bytes("source_version_base64");
  } else {
    record.version = line.text("source_version", false);
  }
  if (line.has("source_last_modified")) {
    record.source_last_modified = line.time("source_last_modified");
  }
  record.load_cost_us = line.number("load_cost_us", kMost, false);
  constexpr auto kLast = static_cast<std::uint64_t>(CompressionId::kLz4);
  record.compression = static_cast<CompressionId>(line.number("compression", kLast, false));
  record.raw_size =
      static_cast<std::uint32_t>(line.number("raw_size", limits::kValueBytesMax, false));
}

Result<ExportLine> record_of(Members& line, const Json& whole) {
  Record record;
  const Result<Key> key = key_of(line);
  if (!key) return key.error();
  record.key_text = key->text();
  record.long_params = key->long_params();
  record.group = line.labels("group", limits::kLabelsPerGroup, true);
  record.labels = line.labels("labels", limits::kLabelsPerEntry, false);
  read_lifetime(line, record);
  record.codec = codec_of(line);
  read_origin(line, record);
  read_value(line, whole, record);
  line.end_of_members();
  if (!line.ok()) return line.error();
  const Label own = keyspace(key->keyspace());
  if (std::find(record.group.begin(), record.group.end(), own) == record.group.end()) {
    return rejected("group lacks " + internal::quoted(format_label(own)) +
                    ", the keyspace of the key");
  }
  if (record.compression == CompressionId::kNone) {
    record.raw_size = static_cast<std::uint32_t>(record.payload.size());
  }
  // Whatever else a record may not have.
  if (const Result<std::string> encoded = encode_record(record); !encoded) return encoded.error();
  return ExportLine(std::move(record));
}

Result<ExportLine> head_of(Members& line) {
  const std::string format = line.text("format");
  const std::uint64_t version = line.number("version", std::numeric_limits<std::uint32_t>::max());
  if (line.ok() && format != kExportFormat) line.fail("is not \"strata.export\"", "format");
  if (line.ok() && version != kExportVersion) {
    line.fail("is " + std::to_string(version) + ", and this Strata reads version " +
                  std::to_string(kExportVersion) + ": update Strata, or export with this one",
              "version");
  }
  const ExportHead head{line.time("exported_at")};
  line.end_of_members();
  if (!line.ok()) return line.error();
  return ExportLine(head);
}

Result<ExportLine> end_of(Members& line) {
  Members counts(*line.any("end", true), "end.");
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const ExportEnd end{.entries = counts.number("entries", kMost),
                      .redacted = counts.number("redacted", kMost)};
  counts.end_of_members();
  line.end_of_members();
  if (!counts.ok()) return counts.error();
  if (!line.ok()) return line.error();
  return ExportLine(end);
}

}  // namespace

Result<ExportLine> read_line(std::string_view text) {
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return ExportLine(BlankLine());
  // Depth, length and UTF-8 are checked before anything is made of it.
  const Result<Json> whole = Json::parse(text);
  if (!whole) return whole.error();
  const Object object = Object::parse(whole->text(), nullptr, false);
  Members line(object, "");
  if (!line.ok()) return line.error();
  if (line.has("format")) return head_of(line);
  if (line.has("end")) return end_of(line);
  if (line.has("redacted")) {
    RedactedEntry entry{line.text("redacted")};
    line.end_of_members();
    if (!line.ok()) return line.error();
    return ExportLine(std::move(entry));
  }
  return record_of(line, *whole);
}

}  // namespace strata::cli
