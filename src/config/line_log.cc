// Log lines, with repetitions held back.
#include "config/line_log.h"

#include <cstdio>
#include <utility>
#include <vector>

#include "core/mutex.h"
#include "strata/core/duration.h"

namespace strata::internal {
namespace {

static_assert(static_cast<int>(LogLevel::kDebug) == static_cast<int>(LogThreshold::kDebug));
static_assert(static_cast<int>(LogLevel::kError) == static_cast<int>(LogThreshold::kError));

class LineLog {
 public:
  LineLog(std::string name, LogThreshold threshold, std::shared_ptr<Clock> clock, LineWriter write)
      : name_(std::move(name)),
        threshold_(threshold),
        clock_(std::move(clock)),
        write_(std::move(write)) {}

  void log(LogLevel level, std::string_view message) {
    if (static_cast<int>(level) < static_cast<int>(threshold_)) return;
    std::uint64_t held_back = 0;
    {
      const MutexLock lock(mutex_);
      Said& said = find(message);
      const Instant now = clock_->now();
      if (said.times > 0 && between(said.at, now) < kLogRepeatAfter) {
        ++said.times;
        return;
      }
      held_back = said.times > 0 ? said.times - 1 : 0;
      said.at = now;
      said.times = 1;
    }
    std::string line = format_wall_time(clock_->wall_now()) + ' ' + std::string(to_string(level)) +
                       ' ' + name_ + ": " + std::string(message);
    if (held_back > 0) line += " (and " + std::to_string(held_back) + " times since)";
    write_(line + '\n');
  }

 private:
  struct Said {
    std::string message;
    Instant at;
    std::uint64_t times = 0;
  };

  // What is remembered of `message`; takes the oldest place for a new one.
  Said& find(std::string_view message) STRATA_REQUIRES(mutex_) {
    for (Said& said : said_) {
      if (said.message == message) return said;
    }
    if (said_.size() < kLogRemembered) {
      said_.push_back({std::string(message), {}, 0});
      return said_.back();
    }
    next_ = (next_ + 1) % kLogRemembered;
    said_[next_] = {std::string(message), {}, 0};
    return said_[next_];
  }

  const std::string name_;
  const LogThreshold threshold_;
  const std::shared_ptr<Clock> clock_;
  const LineWriter write_;
  Mutex mutex_;
  std::vector<Said> said_ STRATA_GUARDED_BY(mutex_);
  std::size_t next_ STRATA_GUARDED_BY(mutex_) = 0;
};

}  // namespace

LogSink line_log(std::string name, LogThreshold threshold, std::shared_ptr<Clock> clock,
                 LineWriter write) {
  if (threshold == LogThreshold::kOff) return {};
  auto log =
      std::make_shared<LineLog>(std::move(name), threshold, std::move(clock), std::move(write));
  return [log](LogLevel level, std::string_view message) { log->log(level, message); };
}

void write_to_standard_error(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace strata::internal
