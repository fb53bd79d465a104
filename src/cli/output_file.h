// OutputFile: a file that has its name only when it is whole.
//
// It has no name until commit(), where the file system has such files, so that an end of the
// process leaves nothing behind; elsewhere it is NAME.new-PID until then. Its mode is 0600.
//
// Threads   Thread-compatible.
// Errors    kUnavailable, naming the file and what the system said; kRejected if there is a file
//           of that name already and it may not be replaced.
#pragma once

#include <string>
#include <string_view>

#include "strata/core/result.h"

namespace strata::cli {

class OutputFile {
 public:
  // `replaces`: whatever has the name; otherwise nothing may have it.
  [[nodiscard]] static Result<OutputFile> open(const std::string& path, bool replaces);
  ~OutputFile();
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;

  [[nodiscard]] Result<void> write(std::string_view bytes);
  // The bytes are on the disk, and the name is there, when it returns.
  [[nodiscard]] Result<void> commit();

 private:
  OutputFile(std::string path, bool replaces) : path_(std::move(path)), replaces_(replaces) {}
  [[nodiscard]] Error error(std::string_view doing) const;
  [[nodiscard]] Error exists() const;
  [[nodiscard]] std::string folder() const;
  [[nodiscard]] std::string beside() const;
  [[nodiscard]] Result<void> give_name();

  std::string path_;
  bool replaces_;
  int file_ = -1;
  std::string temporary_;  // its name until commit(), or empty
};

}  // namespace strata::cli
