// Tests of the small tools: fault loop, folder.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "testkit/fault_loop.h"
#include "testkit/temp_dir.h"

namespace strata::testkit {
namespace {

// Goal: fail_each_call() tries every call of the scenario, and one more that is not made.
TEST(FaultLoop, EachCallFailsInItsTurn) {
  std::vector<std::vector<bool>> runs;
  fail_each_call(FaultKind::kOnce, [&](const std::shared_ptr<FaultPlan>& plan) {
    runs.push_back({should_fail(*plan), should_fail(*plan)});
  });
  EXPECT_EQ(runs, (std::vector<std::vector<bool>>{{true, false}, {false, true}, {false, false}}));

  runs.clear();
  fail_each_call(FaultKind::kFromThenOn, [&](const std::shared_ptr<FaultPlan>& plan) {
    runs.push_back({should_fail(*plan), should_fail(*plan)});
  });
  EXPECT_EQ(runs, (std::vector<std::vector<bool>>{{true, true}, {false, true}, {false, false}}));
}

void loop_over_an_endless_scenario() {
  fail_each_call(FaultKind::kOnce, [](const std::shared_ptr<FaultPlan>& plan) {
    for (std::uint64_t call = 0; call <= kScenarioCallLimit; ++call) {
      static_cast<void>(should_fail(*plan));
    }
  });
}

TEST(FaultLoop, AScenarioWithoutAnEndFails) {
  EXPECT_FATAL_FAILURE(loop_over_an_endless_scenario(), "makes more than");
}

TEST(TempDir, IsEmptyAtFirstAndGoneAfterwards) {
  std::filesystem::path path;
  {
    const TempDir folder;
    const TempDir another;
    path = folder.path();
    EXPECT_NE(path, another.path());
    EXPECT_TRUE(std::filesystem::is_empty(path));
    std::ofstream(folder.file("a")) << "text";
    std::filesystem::create_directory(path / "b");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace strata::testkit
