// How memoize() writes a list of arguments as one text.
#include "strata/tiered/memoize.h"

namespace strata::internal {

std::string join_arguments(std::initializer_list<std::string> texts) {
  // Each text with its length before it: no two lists look the same.
  std::string joined;
  for (const std::string& text : texts) {
    joined += std::to_string(text.size());
    joined += '.';
    joined += text;
  }
  return joined;
}

}  // namespace strata::internal
