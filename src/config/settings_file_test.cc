// Tests of configurations as files: folders, and what cannot be read.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "strata/config/settings.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

class SettingsFile : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = folder_.file("strata.yaml");
    std::ofstream(path) << text;
    return path;
  }
  testkit::TempDir folder_;
};

TEST_F(SettingsFile, TheFolderOfTheFileIsKept) {
  const Settings settings = load_settings(write("cache: {name: x}\n")).value();
  EXPECT_EQ(settings.folder, folder_.path().string());
  EXPECT_EQ(settings.file, folder_.file("strata.yaml"));
  EXPECT_EQ(settings.name, "x");
}

TEST_F(SettingsFile, AFileThatIsNotThereSaysHowToGetOne) {
  const std::string path = folder_.file("none.yaml");
  const auto settings = load_settings(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code, ErrorCode::kRejected);
  EXPECT_EQ(settings.error().message,
            path + ": does not exist; `strata init` writes one with every key and its default");
}

TEST_F(SettingsFile, AFolderIsNotAFile) {
  const auto settings = load_settings(folder_.path().string());
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().message, folder_.path().string() + ": is not a file");
}

TEST_F(SettingsFile, AHugeFileIsNotReadToItsEnd) {
  const std::string path = write("");
  std::filesystem::resize_file(path, 1ull << 40);  // sparse
  const auto settings = load_settings(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().message,
            path + ": is larger than 1048576 bytes, the most that a configuration may have");
}

TEST_F(SettingsFile, AFileThatMayNotBeReadIsNamed) {
  const std::string path = folder_.file("loop.yaml");
  std::filesystem::create_symlink("loop.yaml", path);
  const auto settings = load_settings(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_TRUE(settings.error().message.starts_with(path + ": cannot be read: "))
      << settings.error().message;
}

}  // namespace
}  // namespace strata
