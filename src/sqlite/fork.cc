// SQLite's global mutexes, in the order in which SQLite itself takes several of them: whoever has
// a later one never asks for an earlier one.
#include "sqlite/fork.h"

#include <sqlite3.h>

#include <array>
#include <cstddef>

#include "ports/process.h"
#include "sqlite/checked_vfs.h"

namespace strata::sqlite {
namespace {

constexpr std::array kMutexes = {
    SQLITE_MUTEX_STATIC_MAIN, SQLITE_MUTEX_STATIC_VFS1, SQLITE_MUTEX_STATIC_VFS2,
    SQLITE_MUTEX_STATIC_OPEN, SQLITE_MUTEX_STATIC_LRU,  SQLITE_MUTEX_STATIC_PMEM,
    SQLITE_MUTEX_STATIC_PRNG, SQLITE_MUTEX_STATIC_MEM,
};

void before_fork() {
  lock_checked_vfs();
  for (const int id : kMutexes) sqlite3_mutex_enter(sqlite3_mutex_alloc(id));
}

// The same in parent and child: the thread that forked is in both.
void after_fork() {
  for (std::size_t i = kMutexes.size(); i-- > 0;) {
    sqlite3_mutex_leave(sqlite3_mutex_alloc(kMutexes[i]));
  }
  unlock_checked_vfs();
}

}  // namespace

void hold_sqlite_at_forks() {
  static const bool held = [] {
    if (sqlite3_initialize() != SQLITE_OK) return false;
    internal::call_at_forks(before_fork, after_fork, after_fork);
    return true;
  }();
  static_cast<void>(held);
}

}  // namespace strata::sqlite
