// ScratchFolder: a folder for temporary files, removed with everything in it by its destructor.
//
// Errors    create(): kUnavailable, when the system's temporary folder is not writable.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata::workload {

class ScratchFolder {
 public:
  // `purpose` is part of its name: strata-<purpose>-...
  [[nodiscard]] static Result<std::unique_ptr<ScratchFolder>> create(std::string_view purpose);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  explicit ScratchFolder(std::string path);
  std::string path_;
};

}  // namespace strata::workload
