#include "outbox/reader_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "core/quote.h"

namespace strata::outbox {

ReaderLock::~ReaderLock() {
  in_children_.end();
  if (file_ >= 0) ::close(file_);
}

ReaderLock::ReaderLock(ReaderLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      in_children_(std::move(other.in_children_)),
      owner_(std::move(other.owner_)) {}

ReaderLock& ReaderLock::operator=(ReaderLock&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(in_children_, other.in_children_);
  std::swap(owner_, other.owner_);
  return *this;
}

Result<ReaderLock> ReaderLock::take(const std::string& database, const std::string& reader) {
  const std::string path = database + ".outbox-" + reader + ".lock";
  ReaderLock lock;
  lock.file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (lock.file_ < 0) {
    return Error{
        ErrorCode::kUnavailable,
        "the lock file " + internal::quoted(path) + " cannot be opened: " + std::strerror(errno),
        {}};
  }
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    char owner[16] = {};
    const bool is_known = ::pread(lock.file_, owner, sizeof owner - 1, 0) > 0;
    lock.owner_ = is_known ? std::string("process ") + owner : "an unknown process";
    ::close(std::exchange(lock.file_, -1));
    return lock;
  }
  lock.in_children_ = internal::ClosedInChildren(lock.file_);
  // Only for messages: whether it is written does not matter.
  const std::string owner = std::to_string(::getpid());
  if (::ftruncate(lock.file_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(lock.file_, owner.data(), owner.size(), 0);
  }
  return lock;
}

}  // namespace strata::outbox
