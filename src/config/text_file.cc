#include "config/text_file.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace strata::internal {
namespace {

Error unreadable(const std::string& path, const std::string& why) {
  return {ErrorCode::kRejected, path + ": " + why, {}};
}

}  // namespace

Result<std::optional<TextFile>> read_text_file(const std::string& path, std::size_t max_bytes) {
  const std::filesystem::path file(path);
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) return std::optional<TextFile>();
  if (error) return unreadable(path, "cannot be read: " + error.message());
  if (!std::filesystem::is_regular_file(status)) return unreadable(path, "is not a file");

  // Without a buffer of its own, which would keep what may be a secret.
  std::ifstream stream;
  stream.rdbuf()->pubsetbuf(nullptr, 0);
  stream.open(file, std::ios::binary);
  TextFile read;
  read.text.resize(max_bytes + 1);
  stream.read(read.text.data(), static_cast<std::streamsize>(read.text.size()));
  if (!stream.is_open() || stream.bad()) {
    return unreadable(path, "cannot be read; check its permissions");
  }
  read.text.resize(static_cast<std::size_t>(stream.gcount()));
  using std::filesystem::perms;
  const auto is_allowed = [&](perms any) { return (status.permissions() & any) != perms::none; };
  read.others_read = is_allowed(perms::group_read | perms::others_read);
  read.others_write = is_allowed(perms::group_write | perms::others_write);
  return std::optional(std::move(read));
}

}  // namespace strata::internal
