#include "cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace strata::cli {
namespace {

constexpr mode_t kMode = 0600;

bool has_name(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

}  // namespace

Error OutputFile::error(std::string_view doing) const {
  return {ErrorCode::kUnavailable,
          "cannot " + std::string(doing) + " " + path_ + ": " + std::strerror(errno),
          {}};
}

Error OutputFile::exists() const {
  return {ErrorCode::kRejected, path_ + " exists already; --force replaces it", {}};
}

std::string OutputFile::folder() const {
  const std::size_t slash = path_.rfind('/');
  return slash == std::string::npos ? "." : path_.substr(0, slash + 1);
}

std::string OutputFile::beside() const { return path_ + ".new-" + std::to_string(::getpid()); }

Result<OutputFile> OutputFile::open(const std::string& path, bool replaces) {
  OutputFile file(path, replaces);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!replaces) return file.exists();
    if (!S_ISREG(status.st_mode)) {
      return Error{ErrorCode::kRejected, path + " is not a plain file; choose another name", {}};
    }
  }
  file.file_ = ::open(file.folder().c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, kMode);
  if (file.file_ >= 0) return file;
  // Not every file system has files without a name.
  const std::string name = file.beside();
  ::unlink(name.c_str());
  file.file_ = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kMode);
  if (file.file_ < 0) return file.error("create");
  file.temporary_ = name;
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      replaces_(other.replaces_),
      file_(std::exchange(other.file_, -1)),
      temporary_(std::exchange(other.temporary_, std::string())) {}

OutputFile::~OutputFile() {
  if (file_ >= 0) ::close(file_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> OutputFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (written == 0 || errno != EINTR) {
      return error("write");
    }
  }
  return {};
}

// A name that somebody else took meanwhile stays theirs, unless they may be replaced.
Result<void> OutputFile::give_name() {
  if (temporary_.empty()) {
    const std::string self = "/proc/self/fd/" + std::to_string(file_);
    std::string name = path_;
    if (replaces_ && has_name(path_)) {
      name = beside();
      ::unlink(name.c_str());
    }
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      return errno == EEXIST && !replaces_ ? exists() : error("create");
    }
    if (name == path_) return {};
    temporary_ = std::move(name);
  } else if (!replaces_) {
    if (::link(temporary_.c_str(), path_.c_str()) == 0) return {};
    return errno == EEXIST ? exists() : error("create");
  }
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return error("replace");
  temporary_.clear();
  return {};
}

Result<void> OutputFile::commit() {
  if (::fsync(file_) != 0) return error("write");
  if (Result<void> named = give_name(); !named) return named;
  if (::close(std::exchange(file_, -1)) != 0) return error("write");
  const int above = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (above >= 0) {
    ::fsync(above);
    ::close(above);
  }
  return {};
}

}  // namespace strata::cli
