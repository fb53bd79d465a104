// Makes and removes a temporary folder.
#include "cli/workload/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace strata::workload {

ScratchFolder::ScratchFolder(std::string path) : path_(std::move(path)) {}

Result<std::unique_ptr<ScratchFolder>> ScratchFolder::create(std::string_view purpose) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (error) {
    return Error{ErrorCode::kUnavailable, "no temporary folder: " + error.message(), {}};
  }
  std::string path = (parent / ("strata-" + std::string(purpose) + "-XXXXXX")).string();
  // Mode 0700, and a name that nobody has.
  if (::mkdtemp(path.data()) == nullptr) {
    return Error{ErrorCode::kUnavailable,
                 "cannot make a folder in " + parent.string() + ": " + std::strerror(errno),
                 {}};
  }
  return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace strata::workload
