// A layer below SQLite that puts a checksum into every page of a database file.
//
// Records carry a checksum of their own, but what finds them - indexes, and which entry carries
// which label - does not: a flipped bit there would hide an entry from its invalidation. The
// last eight bytes of each page hold the XXH3-64 of the rest and of the page's place. A page
// that does not fit is SQLITE_IOERR_DATA. The write-ahead log has SQLite's own checksums.
//
// Threads   Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace strata::sqlite {

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kPageChecksumBytes = 8;

// Whether the kPageBytes bytes at `page`, found at `offset` of a database file, fit its checksum.
[[nodiscard]] bool page_is_intact(const char* page, std::int64_t offset);

// Gives a checksum to those pages of the database file `path` that have none: a program that is not
// Strata copied them from the log, as SQLite does when its last connection closes. Returns how
// many. Precondition: the file is closed and has no log.
std::uint64_t seal_pages(const std::string& path);

// Is told before each page is read from a database file, by the thread that reads it.
class ReadWatch {
 public:
  virtual void before_read() = 0;

 protected:
  ~ReadWatch() = default;
};
// The operation of sqlite3_file_control() that sets the ReadWatch of a connection's database file,
// its argument, or takes it away (null).
inline constexpr int kWatchReads = 1'398'031'698;

// The name of the layer that checks what the layer `base` (empty: SQLite's default) reads and
// writes. Registered with SQLite at first use, for as long as the process lives. Null if there
// is no such base.
[[nodiscard]] const char* checked_vfs(const std::string& base);
// Around a fork(), so that the child can register, too.
void lock_checked_vfs();
void unlock_checked_vfs();

}  // namespace strata::sqlite
