// ImportFile: an export, read line by line, as often as necessary.
//
// Standard input can be read once, so it is put aside first: into a file without a name, in
// $TMPDIR or /tmp.
//
// Threads   Thread-compatible.
// Errors    kUnavailable for what cannot be read, kCorrupt for a compressed file that is not
//           whole.
// Memory    A line, of limits::kExportLineBytes at most.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "strata/core/result.h"
#include "strata/ports/environment.h"

namespace strata::cli {

// Lines of a stream that comes in pieces.
class LineSplitter {
 public:
  // `line`: without its line feed. A line that is too long is told once, as nothing.
  using Take = std::function<Result<void>(std::uint64_t number, const std::string_view* line)>;
  LineSplitter(std::size_t max_bytes, Take take) : max_bytes_(max_bytes), take_(std::move(take)) {}

  [[nodiscard]] Result<void> add(std::string_view bytes);
  [[nodiscard]] Result<void> finish();  // what stands behind the last line feed

 private:
  [[nodiscard]] Result<void> end_line(std::string_view rest);

  const std::size_t max_bytes_;
  const Take take_;
  std::string begun_;
  bool is_too_long_ = false;
  std::uint64_t number_ = 0;
};

class ImportFile {
 public:
  // `path`: - for standard input.
  [[nodiscard]] static Result<ImportFile> open(const std::string& path,
                                               const Environment& environment);
  ~ImportFile();
  ImportFile(ImportFile&& other) noexcept;
  ImportFile& operator=(ImportFile&&) = delete;

  // Passes every line, until `take` has an error; returns a digest of all of them.
  [[nodiscard]] Result<std::uint64_t> read(const LineSplitter::Take& take) const;
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  ImportFile() = default;
  std::string name_;  // for messages
  std::string path_;  // that is read
  int spool_ = -1;
};

}  // namespace strata::cli
