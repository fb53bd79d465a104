// Lines about failing tiers, thinned out.
#include "tiered/failure_log.h"

namespace strata::internal {

std::optional<std::string> FailureLog::line(std::string_view tier, std::string_view doing,
                                            const Error& error, Instant now) {
  std::uint64_t unsaid = 0;
  {
    const MutexLock lock(mutex_);
    const auto [kind, is_new] = kinds_.try_emplace({std::string(tier), error.code});
    if (!is_new && now < kind->second.quiet_until) {
      ++kind->second.unsaid;
      return std::nullopt;
    }
    kind->second.quiet_until = saturating_add(now, kPause);
    unsaid = std::exchange(kind->second.unsaid, 0);
  }
  std::string line = std::string(tier) + ": " + std::string(doing) + " failed (" +
                     std::string(to_string(error.code)) + "): " + error.message;
  if (unsaid > 0) line += " (and " + std::to_string(unsaid) + " times since the last such line)";
  return line;
}

}  // namespace strata::internal
