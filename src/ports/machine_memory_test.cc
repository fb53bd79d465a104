// What the files of Linux say, and what is said when they say nothing or nonsense.
#include "strata/ports/machine_memory.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "testkit/temp_dir.h"

namespace strata {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t kMiB = 1u << 20;

class MachineMemoryTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  void write_machine(std::uint64_t total_mib, std::uint64_t available_mib) {
    write("proc/meminfo", "MemTotal:       " + std::to_string(total_mib * 1024) +
                              " kB\nMemFree:        12 kB\nMemAvailable:   " +
                              std::to_string(available_mib * 1024) + " kB\nBuffers: 1 kB\n");
  }
  // "1000 of 4000 by proc/meminfo", in MiB; or the error.
  std::string read() {
    const auto reading =
        system_memory({.proc = folder_.file("proc"), .cgroups = folder_.file("cgroup")})->read();
    if (!reading) return reading.error().message;
    std::string source = reading->source;
    const std::string root = folder_.path().string() + "/";
    for (std::size_t at = source.find(root); at != source.npos; at = source.find(root)) {
      source.erase(at, root.size());
    }
    return std::to_string(reading->available_bytes / kMiB) + " of " +
           std::to_string(reading->limit_bytes / kMiB) + " by " + source;
  }

  testkit::TempDir folder_;
};

TEST_F(MachineMemoryTest, WithoutGroupsItIsTheMachines) {
  write_machine(4'000, 1'000);
  EXPECT_EQ(read(), "1000 of 4000 by proc/meminfo");
  write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(read(), "1000 of 4000 by proc/meminfo");
  write("proc/self/cgroup", "what is this\n:\n0::/shop/web\n7:cpu:/x\n");
  EXPECT_EQ(read(), "1000 of 4000 by proc/meminfo");
}

TEST_F(MachineMemoryTest, AGroupIsReadIfItIsTighter) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop/web\n");
  write("cgroup/shop/web/memory.max", "1048576000\n");
  write("cgroup/shop/web/memory.current", "943718400\n");
  EXPECT_EQ(read(), "100 of 1000 by memory.max of cgroup/shop/web");
  write_machine(4'000, 300);
  EXPECT_EQ(read(), "300 of 4000 by proc/meminfo");
}

TEST_F(MachineMemoryTest, PagesThatCanBeDroppedAreAvailable) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop\n");
  write("cgroup/shop/memory.max", "1048576000\n");
  write("cgroup/shop/memory.current", "943718400\n");
  write("cgroup/shop/memory.stat", "anon 1\ninactive_file_extra 5\ninactive_file 104857600\n");
  EXPECT_EQ(read(), "200 of 1000 by memory.max of cgroup/shop");
}

TEST_F(MachineMemoryTest, MaxIsNoLimitAndHighIsOne) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop\n");
  write("cgroup/shop/memory.max", "max\n");
  write("cgroup/shop/memory.high", "max\n");
  EXPECT_EQ(read(), "3000 of 4000 by proc/meminfo");
  write("cgroup/shop/memory.high", "524288000\n");
  write("cgroup/shop/memory.current", "419430400\n");
  EXPECT_EQ(read(), "100 of 500 by memory.high of cgroup/shop");
  write("cgroup/shop/memory.max", "1048576000\n");
  EXPECT_EQ(read(), "100 of 500 by memory.high of cgroup/shop");
  write("cgroup/shop/memory.current", "2097152000\n");
  EXPECT_EQ(read(), "0 of 500 by memory.high of cgroup/shop");
}

TEST_F(MachineMemoryTest, TheGroupsAroundItCountToo) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop/web/one\n");
  write("cgroup/shop/web/one/memory.max", "1048576000\n");
  write("cgroup/shop/web/one/memory.current", "0\n");
  write("cgroup/shop/memory.max", "2097152000\n");
  write("cgroup/shop/memory.current", "1992294400\n");
  EXPECT_EQ(read(), "100 of 2000 by memory.max of cgroup/shop");
}

// Where the group of a container is the outermost one that it sees.
TEST_F(MachineMemoryTest, APathThatDoesNotExistHereEndsAtTheOutermostGroup) {
  write_machine(4'000, 3'000);
  write("cgroup/memory.max", "1048576000\n");
  write("cgroup/memory.current", "943718400\n");
  for (const std::string path : {"/", "/docker/abc", "/../../abc"}) {
    write("proc/self/cgroup", "0::" + path + "\n");
    EXPECT_EQ(read(), "100 of 1000 by memory.max of cgroup") << path;
  }
}

TEST_F(MachineMemoryTest, Version1IsReadWhereItHasTheMemoryController) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/shop\n0::/other\n");
  write("cgroup/other/memory.max", "1\n");
  write("cgroup/memory/shop/memory.limit_in_bytes", "1048576000\n");
  write("cgroup/memory/shop/memory.usage_in_bytes", "943718400\n");
  write("cgroup/memory/shop/memory.stat", "inactive_file 1\ntotal_inactive_file 52428800\n");
  write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(read(), "150 of 1000 by memory.limit_in_bytes of cgroup/memory/shop");
  write("cgroup/memory/shop/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(read(), "3000 of 4000 by proc/meminfo");
}

TEST_F(MachineMemoryTest, NothingToReadIsAnError) {
  EXPECT_THAT(read(), AllOf(HasSubstr("/proc/meminfo"), HasSubstr("is missing or empty")));
  write("proc/meminfo", "\n");
  EXPECT_THAT(read(), HasSubstr("is missing or empty"));
  write("proc/meminfo", "MemTotal: 100 kB\n");
  EXPECT_THAT(read(), HasSubstr("has no line MemTotal or MemAvailable"));
  write("proc/meminfo", "MemTotal: 0 kB\nMemAvailable: 0 kB\n");
  EXPECT_THAT(read(), HasSubstr("has no line MemTotal or MemAvailable"));
}

TEST_F(MachineMemoryTest, AGroupAloneIsEnough) {
  write("proc/self/cgroup", "0::/shop\n");
  write("cgroup/shop/memory.max", "1048576000");
  write("cgroup/shop/memory.current", "943718400");
  EXPECT_EQ(read(), "100 of 1000 by memory.max of cgroup/shop");
}

// A limit that may be near must not be overlooked because the machine has enough.
TEST_F(MachineMemoryTest, WhatMakesNoSenseIsAnErrorThatNamesTheFile) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop\n");
  write("cgroup/shop/memory.max", "1048576000\n");
  EXPECT_THAT(read(), AllOf(HasSubstr("/shop/memory.current"), HasSubstr("is missing or empty")));
  for (const std::string text : {"max", "12 kB", "-1", "99999999999999999999", "0x10"}) {
    write("cgroup/shop/memory.current", text + "\n");
    EXPECT_THAT(read(), AllOf(HasSubstr("/shop/memory.current says \"" + text + "\""),
                              HasSubstr("where a number of bytes belongs")));
  }
  write("cgroup/shop/memory.current", "1\n");
  write("cgroup/shop/memory.stat", "inactive_file many\n");
  EXPECT_THAT(read(), HasSubstr("memory.stat says \"many\""));
  write("cgroup/shop/memory.high", "lots\n");
  EXPECT_THAT(read(), HasSubstr("memory.high says \"lots\""));
  write("proc/meminfo", "MemTotal: much kB\n");
  write("proc/self/cgroup", "");
  EXPECT_THAT(read(), HasSubstr("meminfo says \"much\""));
}

TEST_F(MachineMemoryTest, WhatCannotBeReadIsAnError) {
  write_machine(4'000, 3'000);
  write("proc/self/cgroup", "0::/shop\n");
  std::filesystem::create_directories(folder_.path() / "cgroup/shop/memory.max");
  EXPECT_THAT(read(), AllOf(StartsWith("cannot read "), HasSubstr("/shop/memory.max")));
}

TEST(MachineMemory, ThisMachineTellsHowMuchIsLeft) {
  const auto memory = system_memory();
  const auto reading = memory->read();
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_GT(reading->limit_bytes, kMiB);
  EXPECT_LE(reading->available_bytes, reading->limit_bytes);
  EXPECT_FALSE(reading->source.empty());
  memory->give_back();
}

}  // namespace
}  // namespace strata
