#include "outbox/relay_options.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "core/quote.h"
#include "strata/core/limits.h"

namespace strata {
namespace outbox {
namespace {

constexpr Duration kLongestWait = std::chrono::hours(1);

Error rejected(std::string message) {
  return {ErrorCode::kRejected, "outbox: " + std::move(message), {}};
}

}  // namespace

Result<void> check_reader_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  if (!name.empty() && name.size() <= limits::kOutboxReaderBytes &&
      name.find_first_not_of(kAllowed) == std::string_view::npos) {
    return {};
  }
  return Error{ErrorCode::kRejected,
               "reader " + internal::quoted(name) + " needs a name of 1 to " +
                   std::to_string(limits::kOutboxReaderBytes) +
                   " lower case letters, digits, - and _",
               {}};
}

Result<void> check_options(const OutboxRelayOptions& options, const OutboxHandler& handler) {
  if (auto valid = check_reader_name(options.reader); !valid) {
    return rejected(valid.error().message);
  }
  if (options.poll < std::chrono::milliseconds(1) || options.poll > kLongestWait) {
    return rejected("poll is 1ms to 1h");
  }
  if (options.batch_rows == 0 || options.batch_rows > limits::kOutboxBatchRows) {
    return rejected("batch_rows is 1 to " + std::to_string(limits::kOutboxBatchRows));
  }
  if (options.busy_timeout < Duration::zero()) return rejected("busy_timeout is at least 0");
  if (options.retry_max < options.poll || options.retry_max > kLongestWait) {
    return rejected("retry_max is at least poll, and at most 1h");
  }
  if (options.reader_timeout < std::chrono::seconds(1)) {
    return rejected("reader_timeout is at least 1s");
  }
  if (!handler.events || !handler.gap) return rejected("a relay needs both of its handlers");
  return {};
}

}  // namespace outbox

std::string_view to_string(OutboxGapReason reason) {
  switch (reason) {
    case OutboxGapReason::kNewReader:
      return "new_reader";
    case OutboxGapReason::kLateStart:
      return "late_start";
    case OutboxGapReason::kTrimmed:
      return "trimmed";
    case OutboxGapReason::kReinstalled:
      return "reinstalled";
    case OutboxGapReason::kReplaced:
      return "replaced";
    case OutboxGapReason::kUnwatched:
      break;
  }
  return "unwatched";
}

}  // namespace strata
