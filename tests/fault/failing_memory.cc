#include "fault/failing_memory.h"

#include <sqlite3.h>

#include <atomic>

namespace strata::testkit {
namespace {

sqlite3_mem_methods usual;

// Allocations until the next that fails; below 1, none does.
std::atomic<long> left{0};
std::atomic<bool> fails_for_ever{false};
std::atomic<long> failures{0};

bool should_fail() {
  if (left.load(std::memory_order_relaxed) < 1) return false;
  if (fails_for_ever ? left.load() == 1 : left.fetch_sub(1) == 1) {
    ++failures;
    return true;
  }
  if (fails_for_ever) left.fetch_sub(1);
  return false;
}

void* allocate(int bytes) { return should_fail() ? nullptr : usual.xMalloc(bytes); }
void* reallocate(void* block, int bytes) {
  return should_fail() ? nullptr : usual.xRealloc(block, bytes);
}

}  // namespace

void FailingMemory::install() {
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual), SQLITE_OK);
  sqlite3_mem_methods ours = usual;
  ours.xMalloc = allocate;
  ours.xRealloc = reallocate;
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours), SQLITE_OK);
  // Small allocations come from a block of each connection otherwise, and do not fail.
  ASSERT_EQ(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0), SQLITE_OK);
}

FailingMemory::FailingMemory(long nth, FaultKind kind) {
  failures = 0;
  fails_for_ever = kind == FaultKind::kFromThenOn;
  left = nth;
}

void FailingMemory::allow() { left = 0; }

long FailingMemory::failed() const { return failures; }

}  // namespace strata::testkit
