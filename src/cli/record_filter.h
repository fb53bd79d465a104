// Which records of the tiers below memory a command is about, and what is shown of each.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "strata/codecs/json_writer.h"
#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/time.h"
#include "strata/ports/clock.h"
#include "strata/tiered/cache.h"

namespace strata::cli {

enum class RecordState { kFresh, kStale, kExpired };

// What is shown of a record.
struct RecordRow {
  std::string tier;
  std::string key;  // canonical text
  std::string keyspace;
  std::string name;    // identifier and parameters, for people
  std::string source;  // that it came from, or empty
  Labels labels;       // all that it carries, but its key
  std::uint64_t bytes = 0;
  Duration age{0};
  Duration fresh_for{0};  // from now; negative: past its ttl
  RecordState state = RecordState::kFresh;
  bool negative = false;
  CompressionId compression = CompressionId::kNone;
  std::uint64_t value_bytes = 0;  // before it was compressed and encrypted
  std::string encryption_key;     // its id; empty: not encrypted
  WallTime written;
  std::optional<WallTime> expires;  // not served from then on; nothing: never
  std::string version;              // that its source gave it, or empty
  std::optional<WallTime> source_last_modified;
};

// `time` and `duration`, which may be negative, to the millisecond; the ends of time stay.
[[nodiscard]] WallTime later(WallTime time, Duration duration);

// The members `expires_at`, and `version` and `source_last_modified` where they are known.
void write_end(JsonWriter& writer, std::optional<WallTime> expires);
void write_origin(JsonWriter& writer, const std::string& version,
                  std::optional<WallTime> source_last_modified);

[[nodiscard]] std::vector<std::string> tags_of(const RecordRow& row);

// Whether `name` is `prefix`, or goes on after it in another segment: `issue` begins `issue:7` and
// `issue/7`, but not `issue_type` or `issues`. Within a segment are letters, digits, `_`, `-` and
// everything outside ASCII. A prefix that ends with anything but a letter or digit has chosen its
// boundary itself, and all that begins with it matches: `issue_`, `name=`.
[[nodiscard]] bool begins_with_segments(std::string_view name, std::string_view prefix);

// Whether what people call a record begins so: its ID, KEYSPACE:ID, or its canonical text, of which
// a prefix reaches at least into the keyspace, since all begin alike.
[[nodiscard]] bool is_called(const RecordRow& row, std::string_view prefix);

// The same for the help of commands.
inline constexpr std::string_view kPrefixHelp =
    "--prefix issue selects issue, issue:7 and issue/7, but neither issue_type nor issues; a "
    "prefix that ends with a separator, such as issue_, selects all that begins so.";

// All that are set must hold. What was computed from a source counts as of that source, and so
// on: an entry carries the labels of what it depends on.
struct RecordFilter {
  std::optional<std::string> source, keyspace, tag, prefix;
  std::optional<Duration> older_than;
  std::optional<WallTime> before;
  bool expired = false;  // not servable any more

  [[nodiscard]] bool empty() const;
  // The label that says the same, if the filter is nothing but one label.
  [[nodiscard]] std::optional<Label> only_label() const;
  [[nodiscard]] bool matches(const RecordRow& row) const;
};

[[nodiscard]] std::string_view to_string(RecordState state);

// What all clocks say at once, so that the rows of one scan can be compared.
struct Moment {
  explicit Moment(const Clock& clock)
      : now(clock.now()), wall_now(clock.wall_now()), boot_id(clock.boot_id()) {}
  Instant now;
  WallTime wall_now;
  std::uint64_t boot_id;
};

[[nodiscard]] RecordRow row_of(std::string_view tier, const Record& record, const Moment& at);

// Whether the record's key, or a label that it carries, is one of `labels`.
[[nodiscard]] bool carries(const Record& record, std::span<const Label> labels);

// Visits every record of every tier below memory, until `visit` returns false. `at_once`: how many
// are in memory at a time.
inline constexpr std::size_t kScanRecords = 256;
[[nodiscard]] Result<void> scan_records(
    Cache& cache, const std::function<bool(std::string_view tier, const Record& record)>& visit,
    std::size_t at_once = kScanRecords);

}  // namespace strata::cli
