// hold_sqlite_at_forks(): the child of a fork() can use SQLite, with connections of its own.
#pragma once

namespace strata::sqlite {

// From now on a thread that forks holds SQLite's global mutexes meanwhile, so that no other thread
// does: the child would find one locked for ever. Connections made before are no use there still.
void hold_sqlite_at_forks();

}  // namespace strata::sqlite
