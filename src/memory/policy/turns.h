// Turns: which row's tail goes next, where rows differ in worth (memory/policy/worth.h).
//
// Every row becomes due by its share: one of twice as many entries twice as much, one of the next
// grade a quarter as much. The one that is due most has the turn. What is due adds up to nothing,
// so that no row waits for ever.
//
// Threads   Thread-compatible.
#pragma once

#include <array>
#include <cstdint>

#include "memory/policy/worth.h"

namespace strata::memory {

class Turns {
 public:
  static constexpr std::uint8_t kNobody = Worth::kGrades;
  // How many entries each grade's row has; 0 where none of them may go.
  using Rows = std::array<std::uint64_t, Worth::kGrades>;

  // The grade whose turn it is; kNobody: to be given with give().
  [[nodiscard]] std::uint8_t grade() const { return grade_; }
  // Returns the new grade(): kNobody if nobody may go.
  std::uint8_t give(const Rows& entries);
  // Something has left the row.
  void end(std::uint8_t grade) {
    if (grade == grade_) grade_ = kNobody;
  }

 private:
  std::array<float, Worth::kGrades> due_{};  // turns that a row should have had, and had not
  std::uint8_t grade_ = kNobody;
};

}  // namespace strata::memory
