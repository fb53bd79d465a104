#include "cli/progress_bar.h"

#include <algorithm>

#include "cli/text.h"

namespace strata::cli {
namespace {

constexpr Duration kPatience = std::chrono::seconds(1);
constexpr Duration kBetween = std::chrono::milliseconds(100);
constexpr std::uint64_t kCells = 30;
// The cursor stays in front, so that the next message is written over the bar.
constexpr std::string_view kEraseLine = "\r\x1b[K";

}  // namespace

std::string ProgressBar::text(std::string_view what, std::uint64_t done, std::uint64_t total) {
  std::string out(what);
  if (total == 0) return done == 0 ? out + " ..." : out + " " + describe_count(done);
  done = std::min(done, total);
  const auto full = static_cast<std::size_t>(kCells * done / total);
  out += " [" + std::string(full, '#') + std::string(kCells - full, '-') + "] ";
  return out + describe_share(done, total) + ", " + describe_count(done) + " of " +
         describe_count(total);
}

void ProgressBar::show(std::string_view what, std::uint64_t done, std::uint64_t total) {
  if (!console_.messages_are_terminal()) return;
  const Instant now = clock_.now();
  if (between(start_, now) < kPatience || between(shown_, now) < kBetween) return;
  shown_ = now;
  is_shown_ = true;
  console_.message(std::string(kEraseLine) + text(what, done, total) + "\r");
}

void ProgressBar::clear() {
  if (is_shown_) console_.message(kEraseLine);
  is_shown_ = false;
}

}  // namespace strata::cli
