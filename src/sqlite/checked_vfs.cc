// The checksums of pages, as a layer of SQLite's file interface.
#include "sqlite/checked_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>

#include "core/hash.h"
#include "core/mutex.h"
#include "sqlite/files.h"

namespace strata::sqlite {
namespace {

// The page of a database file is checked as SQLite reads it whole, which it does for every page
// but for a look at the first one's header.
constexpr std::size_t kCoveredBytes = kPageBytes - kPageChecksumBytes;

// SQLite allocates szOsFile bytes for each file: this, and behind it the base's own file.
struct CheckedFile {
  sqlite3_file file;
  ReadWatch* watch;
};
constexpr std::size_t kBaseOffset = 16;
static_assert(sizeof(CheckedFile) <= kBaseOffset);

sqlite3_file* base_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kBaseOffset);
}

std::uint64_t page_checksum(const char* page, sqlite3_int64 offset) {
  const auto place = static_cast<std::uint64_t>(offset) / kPageBytes + 1;
  return internal::hash64({page, kCoveredBytes}) ^ (place * 0x9e3779b97f4a7c15ULL);
}

bool is_a_page(int amount, sqlite3_int64 offset) {
  return amount == static_cast<int>(kPageBytes) && offset % static_cast<int>(kPageBytes) == 0;
}

ReadWatch*& watch_of(sqlite3_file* file) { return reinterpret_cast<CheckedFile*>(file)->watch; }

int read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  sqlite3_file* const base = base_of(file);
  if (watch_of(file) != nullptr) watch_of(file)->before_read();
  const int code = base->pMethods->xRead(base, buffer, amount, offset);
  if (code != SQLITE_OK || !is_a_page(amount, offset)) return code;
  char* const page = static_cast<char*>(buffer);
  if (!page_is_intact(page, offset)) return SQLITE_IOERR_DATA;
  // What comes into the log has no checksum of ours, and says so.
  std::memset(page + kCoveredBytes, 0, kPageChecksumBytes);
  return SQLITE_OK;
}

int write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  sqlite3_file* const base = base_of(file);
  if (!is_a_page(amount, offset)) return base->pMethods->xWrite(base, buffer, amount, offset);
  char page[kPageBytes];
  std::memcpy(page, buffer, kCoveredBytes);
  const std::uint64_t checksum = page_checksum(page, offset);
  std::memcpy(page + kCoveredBytes, &checksum, sizeof(checksum));
  return base->pMethods->xWrite(base, page, amount, offset);
}

int close(sqlite3_file* file) {
  sqlite3_file* const base = base_of(file);
  return base->pMethods != nullptr ? base->pMethods->xClose(base) : SQLITE_OK;
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  return base_of(file)->pMethods->xTruncate(base_of(file), size);
}
int sync(sqlite3_file* file, int flags) {
  return base_of(file)->pMethods->xSync(base_of(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return base_of(file)->pMethods->xFileSize(base_of(file), size);
}
int lock(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xLock(base_of(file), level);
}
int unlock(sqlite3_file* file, int level) {
  return base_of(file)->pMethods->xUnlock(base_of(file), level);
}
int check_reserved_lock(sqlite3_file* file, int* result) {
  return base_of(file)->pMethods->xCheckReservedLock(base_of(file), result);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  if (operation == kWatchReads) {
    watch_of(file) = static_cast<ReadWatch*>(argument);
    return SQLITE_OK;
  }
  return base_of(file)->pMethods->xFileControl(base_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return base_of(file)->pMethods->xSectorSize(base_of(file)); }
int device_characteristics(sqlite3_file* file) {
  return base_of(file)->pMethods->xDeviceCharacteristics(base_of(file));
}
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return base_of(file)->pMethods->xShmMap(base_of(file), region, size, extend, memory);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return base_of(file)->pMethods->xShmLock(base_of(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { base_of(file)->pMethods->xShmBarrier(base_of(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return base_of(file)->pMethods->xShmUnmap(base_of(file), remove);
}

// Version 2: with shared memory for the write-ahead log, without mapped reads.
constexpr sqlite3_io_methods kMethods = {
    .iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = file_size,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = check_reserved_lock,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  auto* const base_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
  if ((flags & SQLITE_OPEN_MAIN_DB) == 0) {
    return base_vfs->xOpen(base_vfs, name, file, flags, out_flags);
  }
  sqlite3_file* const base = base_of(file);
  base->pMethods = nullptr;
  watch_of(file) = nullptr;
  const int code = base_vfs->xOpen(base_vfs, name, base, flags, out_flags);
  // SQLite closes a file whose methods are set, even if opening it failed.
  file->pMethods = base->pMethods != nullptr ? &kMethods : nullptr;
  return code;
}

// Everything else is the base's. It gets our vfs as its argument, whose fields are copies of its
// own; only pAppData differs, so those that look at it are called with the base.
struct CheckedVfs {
  std::string name;
  sqlite3_vfs vfs;
};

}  // namespace

bool page_is_intact(const char* page, std::int64_t offset) {
  std::uint64_t stored = 0;
  std::memcpy(&stored, page + kCoveredBytes, sizeof(stored));
  return stored == page_checksum(page, offset);
}

std::uint64_t seal_pages(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return 0;
  constexpr char kNone[kPageChecksumBytes] = {};
  std::uint64_t sealed = 0;
  char page[kPageBytes];
  for (off_t offset = 0;; offset += static_cast<off_t>(kPageBytes)) {
    if (::pread(file.get(), page, kPageBytes, offset) != static_cast<ssize_t>(kPageBytes)) break;
    if (std::memcmp(page + kCoveredBytes, kNone, kPageChecksumBytes) != 0) continue;
    if (std::all_of(page, page + kCoveredBytes, [](char byte) { return byte == 0; })) continue;
    const std::uint64_t checksum = page_checksum(page, offset);
    const auto at = offset + static_cast<off_t>(kCoveredBytes);
    if (::pwrite(file.get(), &checksum, sizeof(checksum), at) != sizeof(checksum)) break;
    ++sealed;
  }
  if (sealed > 0) ::fdatasync(file.get());
  return sealed;
}

namespace {

// Never destroyed: a fork may come when the statics are gone.
Mutex& registering() {
  static Mutex& mutex = *new Mutex;
  return mutex;
}

}  // namespace

void lock_checked_vfs() STRATA_NO_ANALYSIS { registering().lock(); }
void unlock_checked_vfs() STRATA_NO_ANALYSIS { registering().unlock(); }

const char* checked_vfs(const std::string& base) {
  static auto& registered = *new std::map<std::string, std::unique_ptr<CheckedVfs>>;
  const MutexLock lock(registering());
  if (const auto found = registered.find(base); found != registered.end()) {
    return found->second->name.c_str();
  }
  sqlite3_vfs* const base_vfs = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  if (base_vfs == nullptr) return nullptr;
  auto made = std::make_unique<CheckedVfs>();
  made->name = std::string("strata-checked-") + base_vfs->zName;
  made->vfs = *base_vfs;
  made->vfs.zName = made->name.c_str();
  made->vfs.pNext = nullptr;
  made->vfs.pAppData = base_vfs;
  made->vfs.szOsFile = static_cast<int>(kBaseOffset) + base_vfs->szOsFile;
  made->vfs.xOpen = open;
  if (sqlite3_vfs_register(&made->vfs, 0) != SQLITE_OK) return nullptr;
  return registered.emplace(base, std::move(made)).first->second->name.c_str();
}

}  // namespace strata::sqlite
