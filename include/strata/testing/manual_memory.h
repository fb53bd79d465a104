// ManualMemory: a machine whose memory is as the test says. At first all of it is free.
//
//   auto machine = std::make_shared<ManualMemory>();
//   Cache cache = CacheBuilder().machine_memory(machine)....build().value();
//   machine->set_left(0.02);  // and the cache gives up entries, when it looks next
//
// Threads   Thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "strata/ports/machine_memory.h"

namespace strata {

class ManualMemory final : public MachineMemory {
 public:
  static constexpr std::uint64_t kLimitBytes = 1ULL << 30;

  ManualMemory();
  ~ManualMemory() override;
  ManualMemory(const ManualMemory&) = delete;
  ManualMemory& operator=(const ManualMemory&) = delete;

  // From now on so much is left of kLimitBytes: 0 is nothing, 1 all of it.
  void set_left(double share);
  // From now on read() answers this, which may be an error.
  void set(Result<MemoryReading> reading);

  [[nodiscard]] Result<MemoryReading> read() const override;
  void give_back() override;

  // How often it was read, and how often freed memory was handed back.
  [[nodiscard]] int reads() const;
  [[nodiscard]] int given_back() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace strata
