// Every call that can fail asks the plan first, and goes to the operating system if it may.
#include "fault/fault_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>

#include "core/assert.h"

namespace strata::testkit {
namespace {

constexpr char kName[] = "strata-fault";
constexpr std::size_t kBaseOffset = 16;

std::atomic<FaultPlan*> current_plan{nullptr};
std::atomic<FaultLook> current_look{FaultLook::kIoError};
sqlite3_vfs* base_vfs = nullptr;

// SQLITE_OK, or what the call is to return.
int fault(int code, bool is_write = false, bool is_read = false) {
  FaultPlan* const plan = current_plan.load();
  if (plan == nullptr) return SQLITE_OK;
  switch (current_look.load()) {
    case FaultLook::kFull:
      if (!is_write) return SQLITE_OK;
      return should_fail(*plan) ? SQLITE_FULL : SQLITE_OK;
    case FaultLook::kShortRead:
      if (!is_read) return SQLITE_OK;
      return should_fail(*plan) ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
    case FaultLook::kIoError:
      return should_fail(*plan) ? code : SQLITE_OK;
  }
  return SQLITE_OK;
}

sqlite3_file* base_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kBaseOffset);
}
const sqlite3_io_methods& methods_of(sqlite3_file* file) { return *base_of(file)->pMethods; }

int close(sqlite3_file* file) { return methods_of(file).xClose(base_of(file)); }
int read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  if (const int code = fault(SQLITE_IOERR_READ, false, true); code != SQLITE_OK) {
    std::memset(buffer, 0, static_cast<std::size_t>(amount));
    return code;
  }
  return methods_of(file).xRead(base_of(file), buffer, amount, offset);
}
int write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  if (const int code = fault(SQLITE_IOERR_WRITE, true); code != SQLITE_OK) {
    // Half of it arrives, as it may on a disk.
    if (amount > 1) methods_of(file).xWrite(base_of(file), buffer, amount / 2, offset);
    return code;
  }
  return methods_of(file).xWrite(base_of(file), buffer, amount, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const int code = fault(SQLITE_IOERR_TRUNCATE);
  return code != SQLITE_OK ? code : methods_of(file).xTruncate(base_of(file), size);
}
// No test cuts the power, so nothing has to reach the disk: the tests spend their time better.
int sync(sqlite3_file*, int) { return fault(SQLITE_IOERR_FSYNC); }
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  const int code = fault(SQLITE_IOERR_FSTAT);
  return code != SQLITE_OK ? code : methods_of(file).xFileSize(base_of(file), size);
}
int lock(sqlite3_file* file, int level) {
  const int code = fault(SQLITE_IOERR_LOCK);
  return code != SQLITE_OK ? code : methods_of(file).xLock(base_of(file), level);
}
int unlock(sqlite3_file* file, int level) { return methods_of(file).xUnlock(base_of(file), level); }
int check_reserved_lock(sqlite3_file* file, int* result) {
  return methods_of(file).xCheckReservedLock(base_of(file), result);
}
int file_control(sqlite3_file* file, int operation, void* argument) {
  return methods_of(file).xFileControl(base_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) { return methods_of(file).xSectorSize(base_of(file)); }
int device_characteristics(sqlite3_file* file) {
  return methods_of(file).xDeviceCharacteristics(base_of(file));
}
int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  const int code = fault(SQLITE_IOERR_SHMMAP);
  if (code != SQLITE_OK) {
    *memory = nullptr;
    return code;
  }
  return methods_of(file).xShmMap(base_of(file), region, size, extend, memory);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  const bool takes = (flags & SQLITE_SHM_LOCK) != 0;
  const int code = takes ? fault(SQLITE_IOERR_SHMLOCK) : SQLITE_OK;
  return code != SQLITE_OK ? code : methods_of(file).xShmLock(base_of(file), offset, count, flags);
}
void shm_barrier(sqlite3_file* file) { methods_of(file).xShmBarrier(base_of(file)); }
int shm_unmap(sqlite3_file* file, int remove) {
  return methods_of(file).xShmUnmap(base_of(file), remove);
}

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

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  file->pMethods = nullptr;
  if (const int code = fault(SQLITE_CANTOPEN); code != SQLITE_OK) return code;
  base_of(file)->pMethods = nullptr;
  const int code = base_vfs->xOpen(base_vfs, name, base_of(file), flags, out_flags);
  if (base_of(file)->pMethods != nullptr) file->pMethods = &kMethods;
  return code;
}

int remove(sqlite3_vfs*, const char* name, int sync_folder) {
  const int code = fault(SQLITE_IOERR_DELETE);
  return code != SQLITE_OK ? code : base_vfs->xDelete(base_vfs, name, sync_folder);
}

int access(sqlite3_vfs*, const char* name, int flags, int* result) {
  const int code = fault(SQLITE_IOERR_ACCESS);
  return code != SQLITE_OK ? code : base_vfs->xAccess(base_vfs, name, flags, result);
}

}  // namespace

std::string fault_vfs() {
  static sqlite3_vfs vfs;
  static const bool is_registered = [] {
    base_vfs = sqlite3_vfs_find(nullptr);
    vfs = *base_vfs;
    vfs.pNext = nullptr;
    vfs.zName = kName;
    vfs.szOsFile = base_vfs->szOsFile + static_cast<int>(kBaseOffset);
    vfs.xOpen = open;
    vfs.xDelete = remove;
    vfs.xAccess = access;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  STRATA_ASSERT(is_registered);
  return kName;
}

FailingFiles::FailingFiles(FaultPlan& plan, FaultLook look) {
  current_look = look;
  STRATA_ASSERT(current_plan.exchange(&plan) == nullptr);
}

void FailingFiles::allow() { current_plan = nullptr; }

}  // namespace strata::testkit
