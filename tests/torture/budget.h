// Budget: how long a torture program may go on. STRATA_TORTURE_SECONDS says it for the whole
// program (60); its tests share it equally.
#pragma once

#include <chrono>
#include <cstdlib>

namespace strata::torture {

class Budget {
 public:
  // One part of so many.
  explicit Budget(double parts)
      : end_(std::chrono::steady_clock::now() +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                 std::chrono::duration<double>(seconds() / parts))) {}

  [[nodiscard]] bool lasts() const { return std::chrono::steady_clock::now() < end_; }

  static double seconds() {
    const char* const text = std::getenv("STRATA_TORTURE_SECONDS");
    return text != nullptr ? std::strtod(text, nullptr) : 60;
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace strata::torture
