// The mapped page and the lock of those who share a file.
#include "sqlite/shared_control.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "core/hash.h"

namespace strata::sqlite {
namespace {

constexpr char kMagic[8] = {'S', 'T', 'R', 'A', 'S', 'H', 'R', 'D'};
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kBytes = 4096;

// The part that is written once.
struct Fixed {
  char magic[8];
  std::uint64_t version;
  SharedControl::Owner owner;
};

std::uint64_t checksum_of(const Fixed& fixed) {
  return internal::hash64({reinterpret_cast<const char*>(&fixed), sizeof(fixed)});
}

Error failed(const std::string& path, const char* doing) {
  return {
      ErrorCode::kUnavailable, std::string(doing) + " " + path + ": " + std::strerror(errno), {}};
}

// The byte that stands for a key, beyond those of the file. Locks of open files end with those who
// have them open, also when they are killed.
struct flock lease_range(std::uint64_t key_hash, short type) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(kBytes + (key_hash >> 2));
  range.l_len = 1;
  return range;
}

void* map(const Descriptor& file) {
  return ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
}

}  // namespace

struct SharedControl::Layout {
  Fixed fixed;
  std::uint64_t checksum;
  std::uint64_t demanded;
  std::uint64_t committed;
  std::uint64_t damaged;
  std::uint64_t members;  // so far
  std::uint64_t in_recovery;
};

std::unique_ptr<SharedControl> SharedControl::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  const bool is_good = file.is_open() && ::fstat(file.get(), &status) == 0 &&
                       S_ISREG(status.st_mode) && status.st_size == kBytes;
  if (!is_good) return nullptr;
  void* const memory = map(file);
  if (memory == MAP_FAILED) return nullptr;
  std::unique_ptr<SharedControl> control(new SharedControl(std::move(file), memory));
  const Layout& layout = *control->layout_;
  const bool is_whole = std::memcmp(layout.fixed.magic, kMagic, sizeof(kMagic)) == 0 &&
                        layout.fixed.version == kVersion &&
                        layout.checksum == checksum_of(layout.fixed);
  return is_whole ? std::move(control) : nullptr;
}

Result<std::unique_ptr<SharedControl>> SharedControl::make(const std::string& path,
                                                           const Owner& owner,
                                                           const Counts& counts) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  Descriptor file(
      ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file.is_open()) return failed(fresh, "making");
  // Room is reserved now: a write to mapped memory cannot report that the disk is full.
  errno = ::posix_fallocate(file.get(), 0, kBytes);
  if (errno != 0) return failed(fresh, "reserving room for");
  void* const memory = map(file);
  if (memory == MAP_FAILED) return failed(fresh, "mapping");
  std::unique_ptr<SharedControl> control(new SharedControl(std::move(file), memory));
  Layout& layout = *control->layout_;
  std::memcpy(layout.fixed.magic, kMagic, sizeof(kMagic));
  layout.fixed.version = kVersion;
  layout.fixed.owner = owner;
  layout.checksum = checksum_of(layout.fixed);
  layout.demanded = counts.demanded;
  layout.committed = counts.committed;
  layout.in_recovery = 1;
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "replacing");
  return control;
}

SharedControl::SharedControl(Descriptor file, void* memory)
    : file_(std::move(file)), layout_(static_cast<Layout*>(memory)) {}

SharedControl::~SharedControl() {
  closed_in_children_.end();
  ::munmap(layout_, kBytes);
}

const SharedControl::Owner& SharedControl::owner() const { return layout_->fixed.owner; }

bool SharedControl::is_in_recovery() const {
  return std::atomic_ref(layout_->in_recovery).load(std::memory_order_acquire) != 0;
}

void SharedControl::set_in_recovery(bool in_recovery) {
  std::atomic_ref(layout_->in_recovery).store(in_recovery ? 1 : 0, std::memory_order_release);
}

std::uint64_t SharedControl::next_member() {
  return std::atomic_ref(layout_->members).fetch_add(1, std::memory_order_acq_rel) + 1;
}

bool SharedControl::is_current(const std::string& path) const {
  struct stat status {};
  return ::fstat(file_.get(), &status) == 0 && !leads_elsewhere(path, status.st_ino);
}

std::uint64_t SharedControl::demanded() const {
  return std::atomic_ref(layout_->demanded).load(std::memory_order_acquire);
}

void SharedControl::demand() {
  std::atomic_ref(layout_->demanded).fetch_add(1, std::memory_order_acq_rel);
}

std::uint64_t SharedControl::committed() const {
  return std::atomic_ref(layout_->committed).load(std::memory_order_acquire);
}

void SharedControl::set_committed(std::uint64_t commits) {
  std::atomic_ref(layout_->committed).store(commits, std::memory_order_release);
}

bool SharedControl::is_damaged() const {
  return std::atomic_ref(layout_->damaged).load(std::memory_order_acquire) != 0;
}

void SharedControl::report_damage() {
  std::atomic_ref(layout_->damaged).store(1, std::memory_order_release);
}

// Asked again and again, since the kernel's wait has no end: a process that is stopped keeps it.
bool SharedControl::lock(const Clock& clock, Deadline deadline) {
  constexpr Duration kPauseMin = std::chrono::microseconds(100);
  Duration pause = kPauseMin;
  const MutexLock lock(mutex_);
  for (;;) {
    if (!is_held_ && ::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
      is_held_ = true;
      return true;
    }
    const Duration left = between(clock.now(), deadline.at);
    if (left <= Duration::zero()) return false;
    static_cast<void>(freed_.wait_for(mutex_, std::min(left, pause)));
    pause = std::min(2 * pause, kPauseMax);
  }
}

void SharedControl::unlock() {
  const MutexLock lock(mutex_);
  is_held_ = false;
  ::flock(file_.get(), LOCK_UN);
  freed_.notify_one();
}

bool SharedControl::try_lease(std::uint64_t key_hash) {
  struct flock range = lease_range(key_hash, F_WRLCK);
  if (::fcntl(file_.get(), F_OFD_SETLK, &range) == 0) return true;
  return errno != EAGAIN && errno != EACCES;
}

void SharedControl::end_leases() {
  struct flock range = lease_range(0, F_UNLCK);
  range.l_len = 0;  // to the end
  static_cast<void>(::fcntl(file_.get(), F_OFD_SETLK, &range));
}

void SharedControl::release(std::uint64_t key_hash) {
  struct flock range = lease_range(key_hash, F_UNLCK);
  static_cast<void>(::fcntl(file_.get(), F_OFD_SETLK, &range));
}

}  // namespace strata::sqlite
