// Fuzz target: any bytes as an export. A line that is read and written again says the same, and a
// splitter gives the same lines whatever pieces it gets.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/import_file.h"
#include "cli/record_line.h"
#include "core/assert.h"

namespace {

using strata::Record;
using strata::Result;
using strata::cli::ExportLine;
using strata::cli::LineSplitter;

constexpr std::size_t kLineBytes = 4096;

void check_line(std::string_view line) {
  const Result<ExportLine> read = strata::cli::read_line(line);
  if (!read) {
    STRATA_ASSERT(!read.error().message.empty());
    return;
  }
  const auto* record = std::get_if<Record>(&*read);
  if (record == nullptr) return;
  const Result<std::string> written =
      strata::cli::write_line(*record, record->lifetime.written_wall);
  STRATA_ASSERT(written.ok());
  const Result<ExportLine> again = strata::cli::read_line(*written);
  STRATA_ASSERT(again.ok());
  STRATA_ASSERT(std::get<Record>(*again) == *record);
}

std::vector<std::string> lines_of(std::string_view input, std::size_t piece) {
  std::vector<std::string> lines;
  LineSplitter splitter(kLineBytes, [&](std::uint64_t number, const std::string_view* line) {
    STRATA_ASSERT(number == lines.size() + 1);
    STRATA_ASSERT(line == nullptr || line->size() <= kLineBytes);
    lines.emplace_back(line == nullptr ? std::string_view("too long") : *line);
    return Result<void>();
  });
  for (std::size_t at = 0; at < input.size(); at += piece) {
    STRATA_ASSERT(splitter.add(input.substr(at, piece)).ok());
  }
  STRATA_ASSERT(splitter.finish().ok());
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<std::string> lines = lines_of(input, size + 1);
  STRATA_ASSERT(lines == lines_of(input, 7));
  for (const std::string& line : lines) check_line(line);
  return 0;
}
