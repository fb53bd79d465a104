// Turns: shares, and who is due.
#include "memory/policy/turns.h"

namespace strata::memory {

std::uint8_t Turns::give(const Rows& entries) {
  grade_ = kNobody;
  Rows shares{};
  float all = 0;
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    const unsigned factor = 1U << (Worth::kGradeBits * (Worth::kGrades - 1U - grade));
    shares[grade] = entries[grade] * factor;
    all += static_cast<float>(shares[grade]);
  }
  for (std::uint8_t grade = 0; grade < Worth::kGrades; ++grade) {
    if (shares[grade] == 0) {
      due_[grade] = 0;
      continue;
    }
    due_[grade] += static_cast<float>(shares[grade]) / all;
    if (grade_ == kNobody || due_[grade] > due_[grade_]) grade_ = grade;
  }
  if (grade_ != kNobody) due_[grade_] -= 1;
  return grade_;
}

}  // namespace strata::memory
