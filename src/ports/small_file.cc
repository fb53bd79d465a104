#include "ports/small_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace strata::internal {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
constexpr int kLockAttempts = 1000;  // each is lost to somebody who replaced the file

class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  [[nodiscard]] int number() const { return number_; }
  // Returns whether closing went well: it may be what reports a failed write.
  [[nodiscard]] bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

Error system_error(std::string_view doing, const std::string& path, int number) {
  return {ErrorCode::kUnavailable,
          "cannot " + std::string(doing) + " " + path + ": " + std::strerror(number),
          {}};
}

Result<void> write_all(const FileDescriptor& file, std::string_view bytes,
                       const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return system_error("write", path, errno);
    }
  }
  return {};
}

// A new file beside `path`, complete and closed.
Result<std::string> write_beside(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string beside = path + ".new";
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) {
    return system_error("replace", beside, errno);
  }
  FileDescriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (file.number() < 0) return system_error("create", beside, errno);
  Result<void> written = write_all(file, bytes, beside);
  if (written && !file.close()) written = system_error("write", beside, errno);
  if (written) return beside;
  ::unlink(beside.c_str());
  return written.error();
}

}  // namespace

Result<std::string> read_all(int file, std::size_t max_bytes, const std::string& name) {
  std::string text;
  while (text.size() <= max_bytes) {
    const std::size_t before = text.size();
    text.resize(before + kBlockBytes);
    const ssize_t count = ::read(file, text.data() + before, kBlockBytes);
    const int problem = errno;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count == 0) return text;
    if (count < 0 && problem != EINTR) return system_error("read", name, problem);
  }
  return Error{
      ErrorCode::kRejected, name + " is larger than " + std::to_string(max_bytes) + " bytes", {}};
}

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.number() >= 0) return read_all(file.number(), max_bytes, path);
  if (errno == ENOENT) return std::string();
  return system_error("open", path, errno);
}

Result<void> replace_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const Result<std::string> beside = write_beside(path, bytes, mode);
  if (!beside) return beside.error();
  if (::rename(beside->c_str(), path.c_str()) == 0) return {};
  const Error error = system_error("replace", path, errno);
  ::unlink(beside->c_str());
  return error;
}

Result<bool> create_file(const std::string& path, std::string_view bytes, unsigned mode) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return false;
  const Result<std::string> beside = write_beside(path, bytes, mode);
  if (!beside) return beside.error();
  // link(), unlike rename(), does not replace what somebody else made meanwhile; but not every
  // file system has it.
  int linked = ::link(beside->c_str(), path.c_str());
  if (linked != 0 && errno == EPERM) linked = ::rename(beside->c_str(), path.c_str());
  const int problem = errno;
  ::unlink(beside->c_str());
  if (linked == 0) return true;
  if (problem == EEXIST) return false;
  return system_error("create", path, problem);
}

Result<void> update_file(
    const std::string& path, std::size_t max_bytes, unsigned mode,
    const std::function<Result<std::string>(const std::string& text)>& change) {
  // The lock is on the file that is about to be replaced. Whoever waited for it holds the lock
  // of a file that is no longer there, and has to begin again.
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    const FileDescriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode));
    if (file.number() < 0) return system_error("open", path, errno);
    while (::flock(file.number(), LOCK_EX) != 0) {
      if (errno != EINTR) return system_error("lock", path, errno);
    }
    struct stat locked {};
    struct stat present {};
    if (::fstat(file.number(), &locked) != 0) return system_error("read", path, errno);
    if (::lstat(path.c_str(), &present) != 0 || locked.st_ino != present.st_ino ||
        locked.st_dev != present.st_dev) {
      continue;
    }
    const Result<std::string> text = read_all(file.number(), max_bytes, path);
    if (!text) return text.error();
    const Result<std::string> changed = change(*text);
    if (!changed) return changed.error();
    return replace_file(path, *changed, mode);
  }
  return Error{ErrorCode::kUnavailable, path + " is being replaced all the time", {}};
}

bool file_exists(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace strata::internal
