// What read() answers, and how often it was asked.
#include "strata/testing/manual_memory.h"

#include <atomic>
#include <utility>

#include "core/mutex.h"

namespace strata {

struct ManualMemory::State {
  std::atomic<int> reads{0};
  std::atomic<int> given_back{0};
  mutable Mutex mutex;
  Result<MemoryReading> reading STRATA_GUARDED_BY(mutex) = MemoryReading{
      .limit_bytes = kLimitBytes, .available_bytes = kLimitBytes, .source = "the test"};
};

ManualMemory::ManualMemory() : state_(std::make_unique<State>()) {}
ManualMemory::~ManualMemory() = default;

void ManualMemory::set_left(double share) {
  set(MemoryReading{
      .limit_bytes = kLimitBytes,
      .available_bytes = static_cast<std::uint64_t>(share * static_cast<double>(kLimitBytes)),
      .source = "the test"});
}

void ManualMemory::set(Result<MemoryReading> reading) {
  const MutexLock lock(state_->mutex);
  state_->reading = std::move(reading);
}

Result<MemoryReading> ManualMemory::read() const {
  ++state_->reads;
  const MutexLock lock(state_->mutex);
  return state_->reading;
}

void ManualMemory::give_back() { ++state_->given_back; }

int ManualMemory::reads() const { return state_->reads.load(); }
int ManualMemory::given_back() const { return state_->given_back.load(); }

}  // namespace strata
