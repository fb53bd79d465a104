#include "strata/tiered/enabled.h"

#include <array>
#include <charconv>

namespace strata {

std::string to_string(Enabled enabled) {
  if (enabled.all()) return "true";
  if (enabled.none()) return "false";
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), enabled.percent()).ptr;
  return std::string(digits.begin(), end) + "%";
}

}  // namespace strata
