// Draws the progress line from a thread of its own.
#include "cli/workload/progress.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <utility>

#include "core/mutex.h"
#include "strata/ports/thread.h"

namespace strata::workload {
namespace {

constexpr std::size_t kBarWidth = 28;
constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr const char* kEraseLine = "\r\x1b[K";

void draw(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string Progress::line(std::string_view phase, std::uint64_t done, std::uint64_t total,
                           Duration elapsed) {
  done = std::min(done, total);
  const std::size_t filled = total == 0 ? kBarWidth : done * kBarWidth / total;
  std::string text(phase);
  text += "  [" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "]  ";
  text += std::to_string(total == 0 ? 100 : done * 100 / total) + " %  ";
  text += with_thousands(done) + " of " + with_thousands(total);
  const double seconds = static_cast<double>(elapsed.count()) / 1e9;
  if (done == 0 || seconds <= 0) return text;
  const double rate = static_cast<double>(done) / seconds;
  text += "  " + with_thousands(static_cast<std::uint64_t>(rate)) + "/s  ";
  text += std::to_string(static_cast<std::uint64_t>(static_cast<double>(total - done) / rate));
  return text + " s left";
}

struct Progress::State {
  explicit State(std::shared_ptr<Clock> the_clock) : clock(std::move(the_clock)) {}

  void run() {
    const MutexLock lock(mutex);
    while (!stopping) {
      if (!phase.empty()) {
        draw(kEraseLine + line(phase, done, total, between(began, clock->now())));
      }
      changed.wait_for(mutex, kRedrawEvery);
    }
    draw(kEraseLine);
  }

  const std::shared_ptr<Clock> clock;
  std::atomic<std::uint64_t> done{0};
  Mutex mutex;
  CondVar changed;
  bool stopping STRATA_GUARDED_BY(mutex) = false;
  std::string phase STRATA_GUARDED_BY(mutex);
  std::uint64_t total STRATA_GUARDED_BY(mutex) = 0;
  Instant began STRATA_GUARDED_BY(mutex);
  Thread thread;
};

Progress::Progress(bool shown, std::shared_ptr<Clock> clock) {
  if (!shown) return;
  state_ = std::make_unique<State>(std::move(clock));
  state_->thread = Thread("progress", [state = state_.get()] { state->run(); });
}

Progress::~Progress() {
  if (!state_) return;
  {
    const MutexLock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  state_->thread.join();
}

void Progress::begin(std::string_view phase, std::uint64_t total) {
  if (!state_) return;
  const MutexLock lock(state_->mutex);
  state_->phase = phase;
  state_->total = total;
  state_->began = state_->clock->now();
  state_->done = 0;
}

void Progress::advance(std::uint64_t steps) {
  if (state_) state_->done.fetch_add(steps, std::memory_order_relaxed);
}

}  // namespace strata::workload
