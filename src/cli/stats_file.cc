#include "cli/stats_file.h"

#include "ports/small_file.h"

namespace strata::cli {
namespace {

constexpr unsigned kMode = 0600;  // names of keyspaces may be nobody else's business

Error unreadable(const std::string& path, const Error& why) {
  return {ErrorCode::kCorrupt, path + " does not hold statistics: " + why.message, {}};
}

}  // namespace

std::string stats_file_of(const std::string& sqlite_path) { return sqlite_path + ".stats.json"; }

Result<RecordedStats> read_stats_file(const std::string& path) {
  const Result<std::string> text = internal::read_file(path, kStatsFileBytes);
  if (!text) return text.error();
  if (text->empty()) return RecordedStats();
  Result<RecordedStats> stats = recorded_stats_from_json(*text);
  if (!stats) return unreadable(path, stats.error());
  return stats;
}

Result<void> add_to_stats_file(const std::string& path, const RecordedStats& run) {
  Result<void> lost;
  const auto add = [&](const std::string& text) -> Result<std::string> {
    RecordedStats sum;
    if (!text.empty()) {
      Result<RecordedStats> before = recorded_stats_from_json(text);
      if (before) {
        sum = *std::move(before);
      } else {
        lost = unreadable(path, before.error());
      }
    }
    sum.add(run);
    return to_json(sum);
  };
  Result<void> updated = internal::update_file(path, kStatsFileBytes, kMode, add);
  if (!updated && updated.error().code == ErrorCode::kRejected) {  // Too large to be one of ours.
    lost = unreadable(path, updated.error());
    updated = internal::replace_file(path, to_json(run), kMode);
  }
  if (!updated) return updated;
  return lost;
}

}  // namespace strata::cli
