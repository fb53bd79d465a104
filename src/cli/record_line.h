// The lines of an export: JSON, one object each. docs/formats/export.md has every member.
//
// The first line says what the file is, each further one is an entry, or tells that there is one
// whose value is not shown, and the last one counts them, so that a file that was cut is known.
//
// Threads   Stateless functions.
// Errors    kRejected, saying what is wrong with the line. Lines come from anywhere: nothing in
//           them is trusted but for its form.
// Memory    Some times the line's length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "strata/core/record.h"
#include "strata/core/result.h"
#include "strata/core/time.h"

namespace strata::cli {

inline constexpr std::string_view kExportFormat = "strata.export";
inline constexpr std::uint64_t kExportVersion = 1;

// The first line.
struct ExportHead {
  WallTime exported_at;
};
// The last one.
struct ExportEnd {
  std::uint64_t entries = 0;
  std::uint64_t redacted = 0;
};
// An entry whose value is kept from sight.
struct RedactedEntry {
  std::string keyspace;
};
// White space, which says nothing.
struct BlankLine {};
using ExportLine = std::variant<BlankLine, ExportHead, ExportEnd, RedactedEntry, Record>;

[[nodiscard]] std::string write_line(const ExportHead& head);
[[nodiscard]] std::string write_line(const ExportEnd& end);
[[nodiscard]] std::string write_line(const RedactedEntry& entry);
// `written`: when it was written, by the wall clock of the export. Errors: kRejected for a record
// that cannot be told as a line.
[[nodiscard]] Result<std::string> write_line(const Record& record, WallTime written);

// What a line says. A record has its life by the wall clock, number and epoch are not set.
[[nodiscard]] Result<ExportLine> read_line(std::string_view line);

}  // namespace strata::cli
