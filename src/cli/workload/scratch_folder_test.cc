// Tests of the temporary folder.
#include "cli/workload/scratch_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace strata::workload {
namespace {

TEST(ScratchFolder, IsNewPrivateAndGoneWithAllThatIsInIt) {
  std::string path;
  {
    const auto one = ScratchFolder::create("test").value();
    const auto other = ScratchFolder::create("test").value();
    path = one->path();
    EXPECT_NE(path, other->path());
    EXPECT_NE(path.find("/strata-test-"), std::string::npos);
    const auto mode = std::filesystem::status(path).permissions();
    EXPECT_EQ(mode & std::filesystem::perms::mask, std::filesystem::perms::owner_all);
    std::filesystem::create_directory(one->file("inner"));
    std::ofstream(one->file("inner/file")) << "x";
    EXPECT_TRUE(std::filesystem::exists(path + "/inner/file"));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace strata::workload
