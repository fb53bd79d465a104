// A program that has nothing but the installed package.
#include <cstdio>

#include "strata/core/result.h"

namespace {

// Something from a header and something from a library: it compiles and it links.
bool results_work() {
  const strata::Result<int> answer = strata::Error{.code = strata::ErrorCode::kClosed};
  return !answer.ok() && strata::to_string(answer.error().code) == "closed";
}

}  // namespace

int main() {
  if (!results_work()) {
    std::puts("the installed package does not work");
    return 1;
  }
  std::puts("the installed package works");
  return 0;
}
