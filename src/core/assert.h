// STRATA_ASSERT: a programmer's error ends the process, in every build, with the condition.
#pragma once

namespace strata::internal {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);
}  // namespace strata::internal

#define STRATA_ASSERT(condition)                 \
  ((condition) ? static_cast<void>(0)            \
               : ::strata::internal::assertion_failed(#condition, __FILE__, __LINE__))
