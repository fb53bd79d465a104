// Tests of the demo's arguments; demo_e2e.py tests the demo.
#include "cli/demo/demo.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "cli/workload/scratch_folder.h"
#include "core/mutant.h"

namespace strata::cli {
namespace {

constexpr int kUsage = 2;

// What it says on standard error, when it refuses to run.
std::string refusal(const DemoArguments& arguments) {
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(run_demo(arguments), kUsage);
  return ::testing::internal::GetCapturedStderr();
}

TEST(DemoArguments, OutOfRangeAreRefusedWithTheRange) {
  EXPECT_NE(refusal({.threads = 0}).find("--threads: from 1 to 256"), std::string::npos);
  EXPECT_NE(refusal({.threads = 257}).find("--threads"), std::string::npos);
  EXPECT_NE(refusal({.reads = 0}).find("--reads: from 1"), std::string::npos);
  EXPECT_NE(refusal({.reads = 10'000'001}).find("--reads"), std::string::npos);
}

TEST(DemoArguments, AFolderWithoutTheDataIsNamed) {
  const std::string said = refusal({.data_dir = "/nonexistent"});
  EXPECT_NE(said.find("/nonexistent/packages.tsv"), std::string::npos) << said;
  EXPECT_NE(said.find("--data"), std::string::npos) << said;
}

TEST(DemoArguments, AFewPackagesAreNotEnough) {
  const auto folder = workload::ScratchFolder::create("demo").value();
  std::ofstream(folder->file("packages.tsv"))
      << "name\tversion\tsection\tinstalled_kib\tdepends_count\tdepends\tdescription\n"
         "bash\t5.2\tshells\t1\t0\t\tGNU Bourne Again SHell\n";
  std::ofstream(folder->file("places.tsv"))
      << "zone\tcountry_codes\tcountry_names\tlatitude\tlongitude\tcomments\n"
         "Europe/Paris\tFR\tFrance\t48.8\t2.3\t\n";
  const std::string said = refusal({.data_dir = folder->path()});
  EXPECT_NE(said.find("needs 1000 packages, not 1"), std::string::npos) << said;
}

TEST(DemoArguments, ARuleThatCannotBeBrokenHereIsRefused) {
  const std::string said = refusal({.break_name = "gravity"});
  if (strata::testing::kMutantsBuilt) {
    for (const char* rule :
         {"gravity", "no-tickets", "late-ticket", "join-any-load", "no-tombstone"}) {
      EXPECT_NE(said.find(rule), std::string::npos) << rule << " in " << said;
    }
  } else {
    EXPECT_NE(said.find("--preset dev"), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace strata::cli
