// Every change of a file is kept until a sync, beside what is on the disk already. Files are told
// apart by their inodes, since they are renamed while they are open.
#include "fault/power_disk.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/assert.h"

namespace strata::testkit {
namespace {

namespace fs = std::filesystem;

constexpr char kName[] = "strata-power";
constexpr std::size_t kJournalInodeAt = 48;  // docs/formats/sqlite.md

struct Change {
  bool is_truncation = false;
  std::size_t at = 0;  // the new size, of a truncation
  std::string bytes{};
};

struct File {
  std::string disk{};  // what is there for certain
  std::vector<Change> changes{};
  std::size_t size = 0;  // with the changes
  int open = 0;
};

struct State {
  std::recursive_mutex mutex;
  std::map<ino_t, File> files;
  std::uint64_t calls_until_cut = 0;
  std::function<void()> cut;
  bool ignores_syncs = false;
};

// Never destroyed: files are removed after the statics are gone.
State& state() {
  static State& made = *new State;
  return made;
}

ino_t inode_of(const char* path) {
  struct stat status {};
  return path != nullptr && ::stat(path, &status) == 0 ? status.st_ino : 0;
}

void apply(std::string& bytes, const Change& change, std::size_t from, std::size_t to) {
  if (change.is_truncation) {
    bytes.resize(change.at);
    return;
  }
  const std::size_t end = change.at + to;
  if (bytes.size() < end) bytes.resize(end);
  bytes.replace(change.at + from, to - from, change.bytes, from, to - from);
}

void settle(File& file) {
  for (const Change& change : file.changes) apply(file.disk, change, 0, change.bytes.size());
  file.changes.clear();
}

// Each sector of what was written since the last sync is there or not.
std::string left_of(const File& file, Random& random) {
  std::string bytes = file.disk;
  const std::uint64_t percent = random.below(5) * 25;
  for (const Change& change : file.changes) {
    if (change.is_truncation) {
      if (random.below(100) < percent) apply(bytes, change, 0, 0);
      continue;
    }
    const bool is_last = &change == &file.changes.back();
    for (std::size_t from = 0; from < change.bytes.size();) {
      const std::size_t sector = (change.at + from) / PowerDisk::kSectorBytes + 1;
      std::size_t to = std::min(sector * PowerDisk::kSectorBytes - change.at, change.bytes.size());
      const std::size_t next = to;
      if (is_last && next == change.bytes.size()) to = from + random.below(to - from + 1);
      if (random.below(100) < percent) apply(bytes, change, from, to);
      from = next;
    }
  }
  return bytes;
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The same of a journal, which is `now`: what was not synced came in any order, too.
std::string left_of_journal(const File* file, const std::string& now, Random& random) {
  std::string bytes = file != nullptr ? file->disk : std::string();
  bytes.resize(now.size());
  const std::uint64_t percent = random.below(5) * 25;
  for (std::size_t at = 0; at < now.size(); at += PowerDisk::kSectorBytes) {
    if (random.below(100) < percent) {
      bytes.replace(at, PowerDisk::kSectorBytes, now, at, PowerDisk::kSectorBytes);
    }
  }
  return bytes;
}

// The file of a sqlite3_file, followed by the one of the layer below.
struct Handle {
  sqlite3_file base;
  ino_t inode;
};
constexpr std::size_t kBaseOffset = (sizeof(Handle) + 15) / 16 * 16;
sqlite3_vfs* base_vfs = nullptr;

sqlite3_file* base_of(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kBaseOffset);
}
const sqlite3_io_methods& methods_of(sqlite3_file* file) { return *base_of(file)->pMethods; }
File& file_of(sqlite3_file* file) { return state().files[reinterpret_cast<Handle*>(file)->inode]; }

// Precondition: the mutex is held, and is until the call is done.
void count_call() {
  if (state().calls_until_cut == 0 || --state().calls_until_cut > 0) return;
  std::exchange(state().cut, nullptr)();
}

int close(sqlite3_file* file) {
  const std::lock_guard lock(state().mutex);
  --file_of(file).open;
  return methods_of(file).xClose(base_of(file));
}
int read(sqlite3_file* file, void* buffer, int amount, sqlite3_int64 offset) {
  return methods_of(file).xRead(base_of(file), buffer, amount, offset);
}
int write(sqlite3_file* file, const void* buffer, int amount, sqlite3_int64 offset) {
  const std::lock_guard lock(state().mutex);
  count_call();
  File& written = file_of(file);
  Change change{.at = static_cast<std::size_t>(offset)};
  change.bytes.assign(static_cast<const char*>(buffer), static_cast<std::size_t>(amount));
  written.size = std::max(written.size, change.at + change.bytes.size());
  written.changes.push_back(std::move(change));
  return methods_of(file).xWrite(base_of(file), buffer, amount, offset);
}
int truncate(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard lock(state().mutex);
  count_call();
  File& cut = file_of(file);
  cut.size = static_cast<std::size_t>(size);
  cut.changes.push_back({.is_truncation = true, .at = cut.size});
  return methods_of(file).xTruncate(base_of(file), size);
}
int sync(sqlite3_file* file, int) {
  const std::lock_guard lock(state().mutex);
  count_call();
  if (!state().ignores_syncs) settle(file_of(file));
  return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return methods_of(file).xFileSize(base_of(file), size);
}
int lock(sqlite3_file* file, int level) { return methods_of(file).xLock(base_of(file), level); }
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
  return methods_of(file).xShmMap(base_of(file), region, size, extend, memory);
}
int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  return methods_of(file).xShmLock(base_of(file), offset, count, flags);
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

// What a file has that is opened for the first time is on the disk.
void learn(sqlite3_file* file, ino_t inode) {
  sqlite3_int64 size = 0;
  methods_of(file).xFileSize(base_of(file), &size);
  File& known = state().files[inode];
  const bool is_other = known.open == 0 && known.size != static_cast<std::size_t>(size);
  if (is_other || (known.disk.empty() && known.changes.empty())) {
    known = {.size = static_cast<std::size_t>(size), .open = known.open};
    known.disk.resize(known.size);
    if (size > 0) {
      methods_of(file).xRead(base_of(file), known.disk.data(), static_cast<int>(size), 0);
    }
  }
  ++known.open;
}

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  const std::lock_guard lock(state().mutex);
  file->pMethods = nullptr;
  base_of(file)->pMethods = nullptr;
  const int code = base_vfs->xOpen(base_vfs, name, base_of(file), flags, out_flags);
  if (base_of(file)->pMethods == nullptr) return code;
  file->pMethods = &kMethods;
  auto* const handle = reinterpret_cast<Handle*>(file);
  handle->inode = inode_of(name);
  learn(file, handle->inode);
  return code;
}

int remove(sqlite3_vfs*, const char* name, int) {
  const std::lock_guard lock(state().mutex);
  state().files.erase(inode_of(name));
  return base_vfs->xDelete(base_vfs, name, 0);
}

}  // namespace

std::string PowerDisk::vfs() {
  static sqlite3_vfs layer;
  static const bool is_registered = [] {
    base_vfs = sqlite3_vfs_find(nullptr);
    layer = *base_vfs;
    layer.pNext = nullptr;
    layer.zName = kName;
    layer.szOsFile = base_vfs->szOsFile + static_cast<int>(kBaseOffset);
    layer.xOpen = open;
    layer.xDelete = remove;
    return sqlite3_vfs_register(&layer, 0) == SQLITE_OK;
  }();
  STRATA_ASSERT(is_registered);
  return kName;
}

void PowerDisk::cut_at(std::uint64_t n, std::function<void()> cut) {
  const std::lock_guard lock(state().mutex);
  state().calls_until_cut = n;
  state().cut = std::move(cut);
}

void PowerDisk::save(const std::string& folder, const std::string& into, Random& random) {
  const std::lock_guard lock(state().mutex);
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());  // so that a seed means the same
  std::map<ino_t, ino_t> inodes;          // from those here to those there
  for (const bool is_journal : {false, true}) {
    for (const fs::path& path : paths) {
      const std::string name = path.filename().string();
      if ((name.find(".journal") != std::string::npos) != is_journal) continue;
      if (name.ends_with("-shm") || name.ends_with(".lock")) continue;
      const ino_t inode = inode_of(path.c_str());
      const auto found = state().files.find(inode);
      const File* const known = found != state().files.end() ? &found->second : nullptr;
      std::string left = is_journal         ? left_of_journal(known, read_all(path), random)
                         : known != nullptr ? left_of(*known, random)
                                            : read_all(path);
      if (is_journal && left.size() >= kJournalInodeAt + sizeof(ino_t)) {
        // It names the database, which has another inode there than here.
        ino_t database = 0;
        std::memcpy(&database, left.data() + kJournalInodeAt, sizeof(database));
        if (inodes.contains(database)) database = inodes[database];
        std::memcpy(left.data() + kJournalInodeAt, &database, sizeof(database));
      }
      const fs::path there = fs::path(into) / name;
      std::ofstream(there, std::ios::binary) << left;
      fs::permissions(there, fs::perms::owner_read | fs::perms::owner_write);
      inodes[inode] = inode_of(there.c_str());
    }
  }
}

void PowerDisk::ignore_syncs(bool ignore) {
  const std::lock_guard lock(state().mutex);
  state().ignores_syncs = ignore;
}

void PowerDisk::start(const std::string& folder) {
  const std::lock_guard lock(state().mutex);
  state().files.clear();
  for (const auto& entry : fs::directory_iterator(folder)) {
    File& file = state().files[inode_of(entry.path().c_str())];
    file.disk = read_all(entry.path());
    file.size = file.disk.size();
  }
}

}  // namespace strata::testkit

// In the place of the C library's: what is synced is remembered, and what is gone forgotten.
extern "C" int fdatasync(int file) {
  using namespace strata::testkit;
  const std::lock_guard lock(state().mutex);
  struct stat status {};
  const bool is_file = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  if (is_file && !state().ignores_syncs) {
    state().files[status.st_ino].disk = read_all("/proc/self/fd/" + std::to_string(file));
  }
  return 0;
}

extern "C" int fsync(int) { return 0; }

extern "C" int unlink(const char* path) noexcept {
  using namespace strata::testkit;
  const std::lock_guard lock(state().mutex);
  state().files.erase(inode_of(path));
  return static_cast<int>(::syscall(SYS_unlink, path));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  using namespace strata::testkit;
  const std::lock_guard lock(state().mutex);
  const ino_t gone = inode_of(to);
  const int result = static_cast<int>(::syscall(SYS_rename, from, to));
  if (result == 0) state().files.erase(gone);
  return result;
}
