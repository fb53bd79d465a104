// Progress: one line on a terminal that tells how far a phase is: a bar, the rate, the time left.
//
// Threads   advance() may be called from any thread and costs one addition; the rest is for one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "strata/core/time.h"
#include "strata/ports/clock.h"

namespace strata::workload {

class Progress {
 public:
  // Draws on standard error, several times a second. Not shown: does nothing.
  Progress(bool shown, std::shared_ptr<Clock> clock);
  ~Progress();  // erases the line

  // Starts a phase of `total` steps in place of the former one.
  void begin(std::string_view phase, std::uint64_t total);
  void advance(std::uint64_t steps = 1);

  // The line: "traffic  [#####.....]  50 %  25,000 of 50,000  6,250/s  4 s left".
  [[nodiscard]] static std::string line(std::string_view phase, std::uint64_t done,
                                        std::uint64_t total, Duration elapsed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// 1234567 as "1,234,567".
[[nodiscard]] std::string with_thousands(std::uint64_t number);

}  // namespace strata::workload
