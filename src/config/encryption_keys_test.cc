#include "config/encryption_keys.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "strata/config/open.h"
#include "testkit/temp_dir.h"

namespace strata {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class EncryptionKeys : public testing::Test {
 protected:
  std::string write(const std::string& text, unsigned mode) {
    const std::string path = folder_.file("keys");
    std::ofstream(path) << text;
    std::filesystem::permissions(path, std::filesystem::perms{mode});
    return path;
  }

  Settings settings(const std::string& yaml) const {
    Settings parsed = parse_settings(yaml, "strata.yaml", environment_).value();
    parsed.folder = folder_.file("");
    return parsed;
  }

  Result<Cache> open(const std::string& yaml) {
    return strata::open(
        settings(yaml),
        {.log = [this](LogLevel, std::string_view line) { log_.emplace_back(line); },
         .environment = environment_});
  }

  // Whether a value of the keyspace goes below memory.
  static bool is_stored(Cache& cache, const char* keyspace) {
    const PutResult put = cache.keyspace<std::string>(keyspace).put("1", "value");
    EXPECT_TRUE(put.ok());
    for (const PutResult::Tier& tier : put.tiers) {
      if (tier.name == "sqlite") return tier.outcome == FillOutcome::kStored;
    }
    return false;
  }

  testkit::TempDir folder_;
  std::vector<std::string> log_;
  const std::string key_ = make_encryption_key().value();
  const Environment none_ = [](const std::string&) { return std::nullopt; };
  Environment environment_ = none_;
};

TEST_F(EncryptionKeys, ComeFromTheVariable) {
  environment_ = [&](const std::string& name) {
    return name == "STRATA_ENCRYPTION_KEYS" ? std::optional(key_) : std::nullopt;
  };
  auto cache = open("cache: {keyspaces: {secret: {encrypt: true, sensitive: true}}}");
  ASSERT_TRUE(cache.ok()) << cache.error().message;
  EXPECT_TRUE(cache->has_encryption_keys());
  EXPECT_TRUE(is_stored(*cache, "secret"));
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(EncryptionKeys, ComeFromAVariableOfAnotherName) {
  environment_ = [&](const std::string& name) {
    return name == "SHOP_KEYS" ? std::optional(key_) : std::nullopt;
  };
  auto cache = open("cache: {encryption: {keys_variable: SHOP_KEYS}, defaults: {encrypt: true}}");
  ASSERT_TRUE(cache.ok()) << cache.error().message;
  EXPECT_TRUE(is_stored(*cache, "anything"));
}

TEST_F(EncryptionKeys, ComeFromAFileBesideTheConfiguration) {
  write("# the keys of the shop\n" + key_ + "\n", 0600);
  auto cache = open("cache: {encryption: {keys_file: keys}, defaults: {encrypt: true}}");
  ASSERT_TRUE(cache.ok()) << cache.error().message;
  EXPECT_TRUE(is_stored(*cache, "anything"));
}

TEST_F(EncryptionKeys, AFileThatOthersMayReadOrChangeIsRefused) {
  for (const unsigned mode : {0640u, 0604u, 0620u, 0602u}) {
    const std::string path = write(key_, mode);
    const auto cache = open("cache:\n  encryption:\n    keys_file: keys\n");
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
    EXPECT_THAT(cache.error().message, HasSubstr("strata.yaml:3:"));
    EXPECT_THAT(cache.error().message, HasSubstr("make it private with chmod 600"));
  }
}

TEST_F(EncryptionKeys, WithoutThemTheCacheGoesOnInMemoryAndSaysSoOnce) {
  for (const char* yaml : {"cache: {keyspaces: {secret: {encrypt: true}}}",
                           "cache: {graceful: false, keyspaces: {secret: {encrypt: true}}}"}) {
    log_.clear();
    auto cache = open(yaml);
    ASSERT_TRUE(cache.ok()) << cache.error().message;
    EXPECT_FALSE(cache->has_encryption_keys());
    ASSERT_THAT(log_, SizeIs(1));
    EXPECT_THAT(log_[0], HasSubstr("the variable STRATA_ENCRYPTION_KEYS is not set"));
    EXPECT_FALSE(is_stored(*cache, "secret"));
    EXPECT_TRUE(is_stored(*cache, "open"));
    EXPECT_EQ(cache->keyspace<std::string>("secret").get("1").value(), "value");
  }
}

TEST_F(EncryptionKeys, AFileThatIsNotThereIsRefusedWithItsPlace) {
  for (const char* encrypt : {"true", "false"}) {
    const auto cache =
        open(std::string("cache:\n  encryption:\n    keys_file: keys\n  defaults: {encrypt: ") +
             encrypt + "}\n");
    ASSERT_FALSE(cache.ok());
    EXPECT_EQ(cache.error().code, ErrorCode::kRejected);
    EXPECT_THAT(cache.error().message, HasSubstr("strata.yaml:3:"));
    EXPECT_THAT(cache.error().message, HasSubstr("keys: does not exist"));
  }
}

TEST_F(EncryptionKeys, NobodyMissesThemWhereNothingIsEncrypted) {
  auto cache = open("cache: {}");
  ASSERT_TRUE(cache.ok());
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(EncryptionKeys, WhatIsNoKeyIsRefusedWithoutBeingShown) {
  environment_ = [](const std::string&) { return std::optional<std::string>("c2VjcmV0"); };
  const auto cache = open("cache: {defaults: {encrypt: true}}");
  ASSERT_FALSE(cache.ok());
  EXPECT_THAT(cache.error().message,
              HasSubstr("the variable STRATA_ENCRYPTION_KEYS: key 1 is not 32 bytes in base64"));
  EXPECT_EQ(cache.error().message.find("c2VjcmV0"), std::string::npos);
}

TEST_F(EncryptionKeys, ALevelThatTheMethodDoesNotHaveIsSaidWithItsPlace) {
  const auto parsed = parse_settings(
      "cache:\n  defaults:\n    compression_level: 12\n  keyspaces:\n    text:\n"
      "      compression: zlib\n",
      "strata.yaml", none_);
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(parsed.error().message,
              HasSubstr("strata.yaml:6:20: cache.keyspaces.text.compression_level: zlib has no "
                        "compression level 12"));
}

}  // namespace
}  // namespace strata
