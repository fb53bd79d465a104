// Tests of the values that the demo caches.
#include "cli/demo/package.h"

#include <gtest/gtest.h>

#include <string>

namespace strata::demo {
namespace {

const PackageRow kRow{.name = "g++",
                      .package_version = "4:12.2",
                      .section = "devel",
                      .installed_kib = 16,
                      .depends = {"cpp", "gcc"},
                      .description = "GNU \"C++\" \\ compiler"};

TEST(Package, WhatTheOriginSendsIsReadBack) {
  const Result<Package> package = Codec<Package>::decode(package_json(kRow, 7));
  ASSERT_TRUE(package.ok()) << package.error().message;
  EXPECT_EQ(package->name, kRow.name);
  EXPECT_EQ(package->version, 7u);
  EXPECT_EQ(package->package_version, kRow.package_version);
  EXPECT_EQ(package->section, kRow.section);
  EXPECT_EQ(package->installed_kib, kRow.installed_kib);
  EXPECT_EQ(package->depends, kRow.depends);
  EXPECT_EQ(package->description, kRow.description);
}

TEST(Package, ItsCodecWritesWhatItReads) {
  const std::string json = package_json(kRow, 7);
  EXPECT_EQ(Codec<Package>::encode(*Codec<Package>::decode(json)).value(), json);
}

// Through the type's erased codec, as the cache calls it: what is thrown becomes an error there.
TEST(Package, BytesThatAreNoPackageAreCorrupt) {
  const ValueType& type = value_type<Package>();
  for (const char* bytes : {"", "{", "[]", "{\"name\":\"x\"}",
                            "{\"name\":1,\"version\":1,\"package_version\":\"\",\"section\":\"\","
                            "\"installed_kib\":1,\"depends\":[],\"description\":\"\"}"}) {
    alignas(Package) std::byte place[sizeof(Package)];
    const Result<void> decoded = type.decode(bytes, place);
    ASSERT_FALSE(decoded.ok()) << bytes;
    EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt) << bytes;
  }
}

TEST(Package, ItsMemoryGrowsWithItsTexts) {
  Package package{.name = "short"};
  const std::size_t before = Codec<Package>::owned_bytes(package);
  package.description = std::string(1'000, 'x');
  EXPECT_GE(Codec<Package>::owned_bytes(package), before + 1'000);
  package.depends.emplace_back(std::string(500, 'y'));
  EXPECT_GE(Codec<Package>::owned_bytes(package), before + 1'500 + sizeof(std::string));
}

TEST(Stamp, IsReadFromTheFrontOfAnyOfTheThreeValues) {
  const std::string json = package_json(kRow, 12);
  const Stamp package = stamp_of(json, "name");
  EXPECT_EQ(package.name, "g++");
  EXPECT_EQ(package.version, 12u);
  const std::string section = section_json("devel", 34, {"g++", "gcc"});
  EXPECT_EQ(section, R"({"section":"devel","version":34,"packages":["g++","gcc"]})");
  EXPECT_EQ(stamp_of(section, "section").name, "devel");
  EXPECT_EQ(stamp_of(section, "section").version, 34u);
}

TEST(Stamp, IsNothingForAnythingElse) {
  for (const char* json :
       {"", "{}", "{\"name\":\"x\"}", "{\"name\":\"x\",\"version\":\"1\"}",
        "{\"name\":\"x\",\"version\":}", "{\"name\":\"x", "{\"zone\":\"x\",\"version\":1}"}) {
    EXPECT_EQ(stamp_of(json, "name").version, 0u) << json;
  }
}

}  // namespace
}  // namespace strata::demo
