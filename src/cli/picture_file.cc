#include "cli/picture_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "cli/text.h"

namespace strata::cli {
namespace {

constexpr unsigned kMode = 0666;  // less the umask

Error cannot_write(const std::string& path, int why) {
  return {.code = ErrorCode::kUnavailable,
          .message = "cannot write " + printable_line(path) + ": " + std::strerror(why)};
}

Error is_link(const std::string& path) {
  return {.code = ErrorCode::kUnavailable,
          .message = printable_line(path) + " is a symbolic link; name the file that it leads to"};
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<void> check_picture_file(const std::string& path, const std::vector<std::string>& inputs) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno != ENOENT || path.ends_with('/')) return cannot_write(path, errno);
    const bool may_be_made = ::access(folder_of(path).c_str(), W_OK | X_OK) == 0;
    return may_be_made ? Result<void>() : Result<void>(cannot_write(path, errno));
  }
  if (S_ISLNK(file.st_mode)) return is_link(path);
  if (S_ISDIR(file.st_mode)) return cannot_write(path, EISDIR);
  for (const std::string& input : inputs) {
    struct stat other {};
    const int found = input == "-" ? ::fstat(STDIN_FILENO, &other) : ::stat(input.c_str(), &other);
    if (found == 0 && other.st_dev == file.st_dev && other.st_ino == file.st_ino) {
      return Error{.code = ErrorCode::kRejected,
                   .message = printable_line(path) + " is the trace " + printable_line(input) +
                              "; name another file"};
    }
  }
  if (::access(path.c_str(), W_OK) != 0) return cannot_write(path, errno);
  return {};
}

Result<void> write_picture_file(const std::string& path, std::string_view picture) {
  const int file =
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, kMode);
  if (file < 0) return errno == ELOOP ? is_link(path) : cannot_write(path, errno);
  int why = 0;
  while (why == 0 && !picture.empty()) {
    const ssize_t written = ::write(file, picture.data(), picture.size());
    if (written >= 0) {
      picture.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      why = errno;
    }
  }
  if (::close(file) != 0 && why == 0) why = errno;
  return why == 0 ? Result<void>() : Result<void>(cannot_write(path, why));
}

}  // namespace strata::cli
