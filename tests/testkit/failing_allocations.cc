#include "testkit/failing_allocations.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "testkit/reliability.h"

// Entries, too, are to come from what is replaced here (core/slab_heap.h).
extern "C" {
extern const char strata_plain_heap = 0;
}

namespace {

// Counts down to the allocation that fails.
long g_until_failure = -1;  // negative: none fails
bool g_for_ever = false;
bool g_failed = false;

bool allocation_fails() {
  if (g_until_failure < 0) return false;
  if (g_until_failure > 0) {
    --g_until_failure;
    return false;
  }
  g_failed = true;
  if (!g_for_ever) g_until_failure = -1;
  return true;
}

void* allocate(std::size_t size) noexcept {
  return allocation_fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}

void* allocate_or_throw(std::size_t size) {
  void* memory = allocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate_or_throw(size); }
void* operator new[](std::size_t size) { return allocate_or_throw(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace strata::testkit {

void FailingAllocations::begin() {
  g_for_ever = for_ever_;
  g_failed = false;
  g_until_failure = nth_;
}

void FailingAllocations::end() {
  g_until_failure = -1;
  failed_ = g_failed;
}

namespace {

// What the running test has done so far.
struct Totals {
  const ::testing::TestInfo* test = nullptr;
  std::uint64_t operations = 0;
  std::uint64_t failures = 0;
};
Totals g_totals;

void report(long failed) {
  const ::testing::TestInfo* const test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (g_totals.test != test) g_totals = {.test = test};
  ++g_totals.operations;
  g_totals.failures += static_cast<std::uint64_t>(failed);
  Reliability("R8", "the n-th allocation of an operation fails, for every n")
      .count("operations", g_totals.operations)
      .count("runs with a failure", g_totals.failures)
      .violations("runs that ended badly", ::testing::Test::HasFailure() ? 1 : 0);
}

}  // namespace

long fail_each_allocation(const std::function<void(FailingAllocations&)>& body) {
  long failed = 0;
  for (const bool for_ever : {false, true}) {
    for (long n = 0;; ++n) {
      SCOPED_TRACE(testing::Message() << "allocation " << n << (for_ever ? " and later" : ""));
      EXPECT_LT(n, 10'000);
      FailingAllocations failing(n, for_ever);
      body(failing);
      if (testing::Test::HasFailure() || !failing.failed()) break;
      ++failed;
    }
  }
  report(failed);
  return failed;
}

}  // namespace strata::testkit
