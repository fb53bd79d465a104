// Names, owners and kinds of the cache's files, by system calls.
#include "sqlite/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "core/quote.h"
#include "sqlite/checked_vfs.h"
#include "sqlite/schema.h"
#include "strata/core/duration.h"

namespace strata::sqlite {
namespace {

constexpr mode_t kFolderMode = 0700;
constexpr mode_t kFileMode = 0600;
constexpr std::size_t kFileBytesMax = 128u << 20;  // that read_whole_file() reads

Error rejected(std::string message) { return {ErrorCode::kRejected, std::move(message), {}}; }

std::string reason() { return std::strerror(errno); }

// "a/b/c" makes a, a/b and a/b/c, each if it is missing.
Result<void> make_folders(const std::string& folder) {
  for (std::size_t end = 1; end <= folder.size(); ++end) {
    if (end < folder.size() && folder[end] != '/') continue;
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), kFolderMode) == 0 || errno == EEXIST) continue;
    // What exists already may be in a folder where nobody may make one.
    struct stat status {};
    const int failure = errno;
    if (::stat(part.c_str(), &status) == 0) continue;
    errno = failure;
    return rejected("the folder " + internal::quoted(part) +
                    " for the cache cannot be made: " + reason());
  }
  return {};
}

Result<void> check_folder(const std::string& folder) {
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) {
    return rejected("the cache's folder " + internal::quoted(folder) +
                    " cannot be used: " + reason());
  }
  if (!S_ISDIR(status.st_mode)) {
    return rejected("the cache's folder " + internal::quoted(folder) + " is not a folder");
  }
  const bool is_sticky = (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !is_sticky) {
    return rejected("others may write to the cache's folder " + internal::quoted(folder) +
                    ": take the right from them (chmod go-w), or choose another folder");
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    return rejected("the cache's folder " + internal::quoted(folder) +
                    " belongs to another user: choose one of your own");
  }
  return {};
}

bool is_network_file_system(const std::string& folder) {
  // From linux/magic.h: NFS, SMB, CIFS, SMB2, FUSE, Ceph, 9P.
  constexpr std::array kTypes = {0x6969ul,     0x517bul,     0xff534d42ul, 0xfe534d42ul,
                                 0x65735546ul, 0x00c36400ul, 0x01021997ul};
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) return false;
  for (const unsigned long type : kTypes) {
    if (static_cast<unsigned long>(status.f_type) == type) return true;
  }
  return false;
}

Result<void> check_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return rejected("the cache's file " + internal::quoted(path) + " cannot be used: " + reason());
  }
  const auto wrong = [&](const char* what) {
    return rejected("the cache's file " + internal::quoted(path) + " " + what +
                    ": remove it, or choose another path");
  };
  if (S_ISLNK(status.st_mode)) return wrong("is a symbolic link");
  if (!S_ISREG(status.st_mode)) return wrong("is not a plain file");
  if (status.st_nlink != 1) return wrong("has a second name (a hard link)");
  if (status.st_uid != ::geteuid()) return wrong("belongs to another user");
  // The superuser is not held back by these bits, but they say what is wanted.
  constexpr mode_t kOwners = S_IRUSR | S_IWUSR;
  const bool is_open = (status.st_mode & kOwners) == kOwners;
  const bool may = ::faccessat(AT_FDCWD, path.c_str(), R_OK | W_OK, AT_EACCESS) == 0;
  if (is_open && !may && errno == EROFS) {
    return rejected("the cache's file " + internal::quoted(path) +
                    " is on a file system that cannot be written, and is left as it is: mount it "
                    "for writing, or choose another path");
  }
  if (!is_open || !may) {
    return rejected("the cache's file " + internal::quoted(path) +
                    " may not be read and written, and is left as it is: give its owner the "
                    "right (chmod u+rw), or choose another path");
  }
  return {};
}

constexpr std::size_t kVersionAt = 60;  // in the first page, as SQLite has it

// What the first page says.
struct Header {
  bool is_sqlite = false;
  bool is_intact = false;
  std::uint32_t application = 0;
  std::uint32_t version = 0;
};

Header read_header(const std::string& page) {
  constexpr std::string_view kSqlite{"SQLite format 3\0", 16};
  constexpr std::size_t kApplicationAt = 68;
  constexpr std::size_t kHeaderBytes = 100;
  Header header;
  if (page.size() < kHeaderBytes || !page.starts_with(kSqlite)) return header;
  const auto number_at = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      value = (value << 8) | static_cast<unsigned char>(page[at + byte]);
    }
    return value;
  };
  header.is_sqlite = true;
  header.version = number_at(kVersionAt);
  header.application = number_at(kApplicationAt);
  header.is_intact = page.size() == kPageBytes && page_is_intact(page.data(), 0);
  return header;
}

// Whether the first page, which is not intact, has a high version by damage: one that no Strata
// has, or one without which the page would be whole. A program that sets the version, like the
// sqlite3 shell, changes more of the page than that and does not know of its checksum.
bool is_damaged_version(std::string page, std::uint32_t version) {
  if (version > kSchemaVersionMax) return true;
  if (page.size() != kPageBytes) return false;
  for (std::size_t byte = 0; byte < 4; ++byte) {
    page[kVersionAt + byte] = static_cast<char>((kSchemaVersion >> (8 * (3 - byte))) & 0xff);
  }
  return page_is_intact(page.data(), 0);
}

bool has_log(const Paths& paths) {
  struct stat status {};
  return ::lstat(paths.wal.c_str(), &status) == 0 && status.st_size > 0;
}

void remove_quarantined(const Paths& paths) {
  const std::string base = paths.database.substr(paths.folder.size() + 1) + ".corrupt-";
  DIR* const folder = ::opendir(paths.folder.c_str());
  if (folder == nullptr) return;
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name.starts_with(base)) names.emplace_back(name);
  }
  ::closedir(folder);
  for (const std::string& name : names) remove_file(paths.folder + "/" + name);
}

}  // namespace

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}
Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

Result<Paths> prepare_paths(const std::string& path, bool allow_network_file_system) {
  if (path.empty() || path.back() == '/') return rejected("the path of the SQLite file is empty");
  if (path.find('\0') != std::string::npos) {
    return rejected("the path of the SQLite file " + internal::quoted(path) +
                    " contains a zero byte");
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name == "." || name == "..") {
    return rejected("the path of the SQLite file " + internal::quoted(path) + " is a folder");
  }
  if (auto made = make_folders(folder); !made) return made.error();
  char* const resolved = ::realpath(folder.c_str(), nullptr);
  if (resolved == nullptr) {
    return rejected("the cache's folder " + internal::quoted(folder) +
                    " cannot be used: " + reason());
  }
  Paths paths;
  paths.folder = resolved;
  std::free(resolved);
  if (auto checked = check_folder(paths.folder); !checked) return checked.error();
  if (!allow_network_file_system && is_network_file_system(paths.folder)) {
    return rejected("the cache's folder " + internal::quoted(paths.folder) +
                    " is on a network file system, where SQLite's locks are not safe: choose a "
                    "local one, or set allow_network_file_system");
  }
  if (paths.folder == "/") paths.folder.clear();
  paths.database = paths.folder + "/" + name;
  paths.wal = paths.database + "-wal";
  paths.shm = paths.database + "-shm";
  paths.rollback = paths.database + "-journal";
  paths.journal = paths.database + ".journal";
  paths.shared = paths.database + ".shared";
  paths.lock = paths.database + ".lock";
  paths.fresh = paths.database + ".new";
  if (paths.database.size() + 64 > PATH_MAX || name.size() + 64 > NAME_MAX) {
    return rejected("the path of the SQLite file " + internal::quoted(path) + " is too long");
  }
  return paths;
}

Result<void> check_files(const Paths& paths) {
  for (const std::string* path : {&paths.database, &paths.wal, &paths.shm, &paths.rollback,
                                  &paths.journal, &paths.shared, &paths.lock}) {
    if (auto checked = check_file(*path); !checked) return checked;
  }
  return {};
}

Result<Descriptor> lock_files(const Paths& paths) {
  Descriptor file(::open(paths.lock.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                         kFileMode));
  if (!file.is_open()) {
    return rejected("the cache's lock file " + internal::quoted(paths.lock) +
                    " cannot be made: " + reason());
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    std::string owner(32, '\0');
    const ssize_t size = ::pread(file.get(), owner.data(), owner.size(), 0);
    owner.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    while (!owner.empty() && owner.back() == '\n') owner.pop_back();
    // Of processes that share a file, the last to open it wrote this, and may have ended.
    if (inode_of("/proc/" + owner) == 0) owner.clear();
    return Error{ErrorCode::kUnavailable,
                 "the cache file " + internal::quoted(paths.database) + " is in use by process " +
                     (owner.empty() ? "(unknown)" : owner) +
                     ": one process at a time can open it, unless all set `sharing: true`",
                 {}};
  }
  const std::string owner = std::to_string(::getpid()) + "\n";
  // Only for the message above: whether it is written does not matter.
  if (::ftruncate(file.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(file.get(), owner.data(), owner.size(), 0);
  }
  return file;
}

Result<Found> inspect(const Paths& paths, const std::optional<JournalContents>& journal) {
  Found found{.inode = inode_of(paths.database)};
  if (found.inode == 0) return found;
  const Descriptor file(
      ::open(paths.database.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) {
    return rejected("the cache file " + internal::quoted(paths.database) +
                    " cannot be opened: " + reason());
  }
  std::string page(kPageBytes, '\0');
  const ssize_t size = ::pread(file.get(), page.data(), page.size(), 0);
  page.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  const bool was_ours = journal && journal->inode == found.inode;
  if (size == 0) {
    // A file that is being made is empty, and its journal knows of no commit.
    if (was_ours && journal->committed > 0) found.kind = Found::Kind::kDamaged;
    return found;
  }
  const Header header = read_header(page);
  found.kind = Found::Kind::kDamaged;
  if (!header.is_sqlite || header.application != kApplicationId) {
    if (was_ours) return found;
    return rejected("the file " + internal::quoted(paths.database) +
                    " is not a cache of Strata and is left as it is: choose another path");
  }
  if (header.version > static_cast<std::uint32_t>(kSchemaVersion)) {
    // A newer Strata that ended in the middle of its opening leaves a journal of this one.
    const bool may_be_damage =
        was_ours && journal->owner.schema == kSchemaVersion && !header.is_intact;
    if (may_be_damage && is_damaged_version(page, header.version)) return found;
    return rejected("the cache file " + internal::quoted(paths.database) +
                    " was written by a newer Strata (its version is " +
                    std::to_string(header.version) + ", this one knows " +
                    std::to_string(kSchemaVersion) +
                    ") and is left as it is: update Strata, or choose another path");
  }
  // A loss of power while the log was copied may have torn the page. Then the log has it still, and
  // SQLite reads it there; if not, it finds the damage itself.
  if (header.is_intact || has_log(paths)) found.kind = Found::Kind::kCache;
  return found;
}

Result<void> make_file(const std::string& path) {
  const Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kFileMode));
  if (file.is_open()) return {};
  return Error{ErrorCode::kUnavailable, "making the cache file " + path + ": " + reason(), {}};
}

std::uint64_t inode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool leads_elsewhere(const std::string& path, std::uint64_t inode) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return status.st_ino != inode;
  return errno == ENOENT || errno == ENOTDIR;
}

bool read_whole_file(const std::string& path, std::string& bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return false;
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > kFileBytesMax) return false;
  bytes.resize(size);
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + done, size - done, static_cast<off_t>(done));
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

void remove_file(const std::string& path) { ::unlink(path.c_str()); }

void sync_folder_of(const std::string& path) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const Descriptor file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.is_open()) ::fsync(file.get());
}

std::string quarantine(const Paths& paths, WallTime now) {
  remove_quarantined(paths);
  const std::string name = paths.database + ".corrupt-" + format_wall_time(now);
  const bool moved = ::rename(paths.database.c_str(), name.c_str()) == 0;
  // What SQLite keeps beside it belongs to it under its old name only.
  if (moved) ::rename(paths.wal.c_str(), (name + "-wal").c_str());
  // What is still there is in the way of the next file, which will say so.
  static_cast<void>(remove_database(paths));
  return moved ? name : std::string();
}

Result<void> remove_database(const Paths& paths) {
  Result<void> removed;
  // The log goes first: one that is left alone would be taken for the next file's.
  for (const std::string* path : {&paths.wal, &paths.shm, &paths.rollback, &paths.database}) {
    if (::unlink(path->c_str()) == 0 || errno == ENOENT || !removed) continue;
    removed = Error{ErrorCode::kUnavailable, "removing " + *path + ": " + reason(), {}};
  }
  return removed;
}

}  // namespace strata::sqlite
