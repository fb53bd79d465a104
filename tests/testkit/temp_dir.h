// TempDir: a new, empty folder of a test's own, removed with all that is in it afterwards.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace strata::testkit {

class TempDir {
 public:
  TempDir();
  ~TempDir();

  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // The path of `name` in the folder.
  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace strata::testkit
