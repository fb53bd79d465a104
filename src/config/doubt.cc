#include "config/doubt.h"

#include <filesystem>
#include <system_error>

#include "ports/small_file.h"
#include "strata/core/label.h"

namespace strata::internal {
namespace {

constexpr unsigned kMode = 0600;

std::string mark_of(const std::string& database) { return database + ".doubt"; }

}  // namespace

void leave_doubt(const std::string& database, const LogSink& log) {
  if (!file_exists(database)) return;
  const Result<bool> left = create_file(mark_of(database), {}, kMode);
  if (left || !log) return;
  log(LogLevel::kError, "remove " + database +
                            " before it is used again: it misses invalidations, and that could not "
                            "be noted beside it: " +
                            left.error().message);
}

bool is_in_doubt(const std::string& database) { return file_exists(mark_of(database)); }

// The mark goes last: who is killed on the way begins anew.
void settle_doubt(const std::string& database, Tier& tier, const LogSink& log) {
  if (!is_in_doubt(database)) return;
  const Label all = everything();
  tier.invalidate({&all, 1});
  std::error_code failed;
  std::filesystem::remove(mark_of(database), failed);
  if (!log) return;
  log(LogLevel::kWarning, database +
                              " was left out of a cache that may have invalidated: it was "
                              "cleared");
}

}  // namespace strata::internal
