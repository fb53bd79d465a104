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
  // The settings of `text` beside the variables `dot_env`; of the environment, A alone is set.
  Result<Settings> load(const std::string& text, const std::string& dot_env) {
    std::ofstream(folder_.file(".env")) << dot_env;
    std::filesystem::permissions(folder_.file(".env"), kPrivate);
    return load_settings(write(text), [](const std::string& name) {
      return name == "A" ? std::optional<std::string>("environment") : std::nullopt;
    });
  }
  static std::string origin_of(const Settings& settings, std::string_view key) {
    for (const EffectiveSetting& setting : effective_settings(settings)) {
      if (setting.key == key) return setting.origin.substr(setting.origin.find(',') + 2);
    }
    return "";
  }
  static constexpr auto kPrivate =
      std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;

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

TEST_F(SettingsFile, ADotEnvFileBesideItGivesVariables) {
  const Settings settings =
      load("cache: {name: '${B}', defaults: {ttl: '${TTL}'}}\n", "B=shop\nTTL=1h\n").value();
  EXPECT_EQ(settings.name, "shop");
  EXPECT_EQ(settings.defaults.ttl, std::chrono::hours(1));
  EXPECT_EQ(origin_of(settings, "cache.name"), "from .env B");
  EXPECT_EQ(settings_warnings(settings), std::vector<std::string>());
}

TEST_F(SettingsFile, TheEnvironmentComesBeforeTheDotEnvFile) {
  const Settings settings = load("cache: {name: '${A}'}\n", "A=file\n").value();
  EXPECT_EQ(settings.name, "environment");
  EXPECT_EQ(origin_of(settings, "cache.name"), "from environment A");
}

TEST_F(SettingsFile, TheDotEnvFileComesBeforeADefault) {
  EXPECT_EQ(load("cache: {name: '${B:-default}'}\n", "B=file\n").value().name, "file");
  EXPECT_EQ(load("cache: {name: '${B:-default}'}\n", "B=\n").value().name, "default");
  EXPECT_EQ(load("cache: {name: '${B:-default}'}\n", "").value().name, "default");
}

TEST_F(SettingsFile, AnErrorNamesTheVariableOfTheDotEnvFile) {
  const auto settings = load("cache: {sqlite: {readers: '${CT}'}}\n", "CT=100\n");
  ASSERT_FALSE(settings.ok());
  EXPECT_TRUE(settings.error().message.ends_with("write 1 to 64 (from ${CT} of .env)"))
      << settings.error().message;
}

TEST_F(SettingsFile, WhatIsWrongInTheDotEnvFileIsAnErrorIfItIsNeeded) {
  const std::string place = folder_.file(".env") + ":2:3: ";
  const auto settings = load("cache: {name: '${B}', oops: 1}\n", "C=1\nB='x\n");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(settings.error().code, ErrorCode::kRejected);
  EXPECT_TRUE(settings.error().message.starts_with(place)) << settings.error().message;
  EXPECT_EQ(settings.error().message.find('\n'), std::string::npos) << "the cause alone";
}

// It may be written for another program that reads more into it.
TEST_F(SettingsFile, WhatIsWrongInTheDotEnvFileIsAWarningIfItIsNot) {
  const auto settings = load("cache: {name: '${A}'}\n", "C=1\nB='x\n");
  const std::vector<std::string> warnings = settings_warnings(settings.value());
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(warnings[0].starts_with(folder_.file(".env") + ":2:3: ")) << warnings[0];
}

TEST_F(SettingsFile, ASecretThatOthersMayReadIsAWarning) {
  using std::filesystem::perms;
  const std::string file = folder_.file(".env");
  for (const perms readers : {perms::group_read, perms::others_read}) {
    ASSERT_TRUE(load("", "API_TOKEN=hunter2\n").ok());
    std::filesystem::permissions(file, kPrivate | readers);
    EXPECT_EQ(settings_warnings(load_settings(folder_.file("strata.yaml")).value()),
              std::vector<std::string>{file + ": others than its owner may read it, and it holds "
                                              "API_TOKEN; make it private with chmod 600"});
  }
  EXPECT_EQ(settings_warnings(load("", "API_TOKEN=hunter2\n").value()), std::vector<std::string>());
  ASSERT_TRUE(load("", "NAME=x\n").ok());
  std::filesystem::permissions(file, kPrivate | perms::others_read);
  EXPECT_EQ(settings_warnings(load_settings(folder_.file("strata.yaml")).value()),
            std::vector<std::string>());
}

TEST_F(SettingsFile, SecretsOfTheDotEnvFileAreNotShown) {
  const Settings settings = load("cache: {name: '${API_TOKEN}'}\n", "API_TOKEN=hunter2\n").value();
  for (const EffectiveSetting& setting : effective_settings(settings)) {
    EXPECT_EQ(setting.value.find("hunter2"), std::string::npos) << setting.key;
  }
  EXPECT_EQ(origin_of(settings, "cache.name"), "from .env API_TOKEN");
}

TEST_F(SettingsFile, AFolderOfThatNameIsNoDotEnvFile) {
  std::filesystem::create_directory(folder_.file(".env"));
  EXPECT_EQ(load_settings(write("cache: {name: '${B:-x}'}\n")).value().name, "x");
}

TEST_F(SettingsFile, ADotEnvFileThatCannotBeReadIsAnErrorIfItIsNeeded) {
  const std::string file = folder_.file(".env");
  std::filesystem::create_symlink(".env", file);  // to itself
  const auto settings = load_settings(write("cache: {name: '${STRATA_UNSET:-x}'}\n"));
  ASSERT_FALSE(settings.ok());
  EXPECT_TRUE(settings.error().message.starts_with(file + ": cannot be read"))
      << settings.error().message;
  EXPECT_TRUE(load_settings(write("")).ok());
  std::filesystem::remove(file);
  std::filesystem::create_symlink("none", file);  // to nothing
  EXPECT_TRUE(load_settings(write("cache: {name: '${STRATA_UNSET:-x}'}\n")).ok());
}

}  // namespace
}  // namespace strata
