#include "cli/import_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/hash.h"
#include "simulate/compressed_file.h"
#include "strata/core/limits.h"

namespace strata::cli {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

Error system_error(const std::string& doing) {
  return {ErrorCode::kUnavailable, doing + ": " + std::strerror(errno), {}};
}

// A file that is gone with the process.
Result<int> open_nameless(const std::string& folder) {
  int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file >= 0) return file;
  std::string name = folder + "/strata-import-XXXXXX";
  file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return system_error("cannot put standard input aside in " + folder);
  ::unlink(name.c_str());
  return file;
}

Result<void> copy_input(int to) {
  std::array<char, kBlockBytes> block;
  while (true) {
    const ssize_t size = ::read(STDIN_FILENO, block.data(), block.size());
    if (size == 0) return {};
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return system_error("cannot read standard input");
    std::string_view rest(block.data(), static_cast<std::size_t>(size));
    while (!rest.empty()) {
      const ssize_t written = ::write(to, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return system_error("cannot put standard input aside");
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
  }
}

}  // namespace

Result<void> LineSplitter::end_line(std::string_view rest) {
  ++number_;
  const bool is_too_long = is_too_long_ || begun_.size() + rest.size() > max_bytes_;
  is_too_long_ = false;
  if (is_too_long) {
    begun_.clear();
    return take_(number_, nullptr);
  }
  if (begun_.empty()) return take_(number_, &rest);
  begun_ += rest;
  const std::string whole = std::exchange(begun_, std::string());
  const std::string_view line = whole;
  return take_(number_, &line);
}

Result<void> LineSplitter::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      is_too_long_ = is_too_long_ || begun_.size() + bytes.size() > max_bytes_;
      if (is_too_long_) {
        begun_.clear();
      } else {
        begun_ += bytes;
      }
      return {};
    }
    if (Result<void> taken = end_line(bytes.substr(0, end)); !taken) return taken;
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Result<void> LineSplitter::finish() {
  return begun_.empty() && !is_too_long_ ? Result<void>() : end_line({});
}

Result<ImportFile> ImportFile::open(const std::string& path, const Environment& environment) {
  ImportFile file;
  file.name_ = path == "-" ? "standard input" : path;
  file.path_ = path;
  if (path != "-") return file;
  const std::string folder = environment("TMPDIR").value_or("");
  const Result<int> spool = open_nameless(folder.empty() ? "/tmp" : folder);
  if (!spool) return spool.error();
  file.spool_ = *spool;
  file.path_ = "/proc/self/fd/" + std::to_string(*spool);
  if (const Result<void> copied = copy_input(*spool); !copied) return copied.error();
  return file;
}

ImportFile::~ImportFile() {
  if (spool_ >= 0) ::close(spool_);
}

ImportFile::ImportFile(ImportFile&& other) noexcept
    : name_(std::move(other.name_)),
      path_(std::move(other.path_)),
      spool_(std::exchange(other.spool_, -1)) {}

Result<std::uint64_t> ImportFile::read(const LineSplitter::Take& take) const {
  std::uint64_t digest = 0;
  LineSplitter lines(limits::kExportLineBytes,
                     [&](std::uint64_t number, const std::string_view* line) {
                       digest = digest * 31 + (line ? internal::hash64(*line) : 1);
                       return take(number, line);
                     });
  Result<void> done =
      simulate::read_compressed(path_, [&](std::string_view bytes) { return lines.add(bytes); });
  if (done) done = lines.finish();
  if (done) return digest;
  Error error = done.error();
  // What was put aside has another name for people.
  const std::size_t at = spool_ >= 0 ? error.message.find(path_) : std::string::npos;
  if (at != std::string::npos) error.message.replace(at, path_.size(), name_);
  return error;
}

}  // namespace strata::cli
