// Validate, export and import in this process, where a test can reach between their steps.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "cli/importer.h"
#include "cli/output_file.h"
#include "sqlite/database.h"
#include "strata/codecs/json.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

class UpkeepTest : public testing::Test, protected testkit::ProgramRun {
 protected:
  void fill_users() {
    fill([](Cache& cache) {
      auto users = cache.keyspace<std::string>("user");
      for (const char* id : {"1", "2", "3"}) users.put(id, id, {.labels = {tag("org:7")}});
      cache.keyspace<Json>("doc").put("1", Json::parse(R"({"price": 1.00})").value());
    });
  }
  void change(const char* sql) {
    sqlite::Database database = sqlite::Database::open({.path = folder_.file("cache.db"),
                                                        .use = sqlite::Database::Use::kWrite})
                                    .value();
    ASSERT_TRUE(database.execute(sql).ok());
  }
};

TEST_F(UpkeepTest, ARepairRemovesWhatIsDamagedAndNothingElse) {
  fill_users();
  change("UPDATE entries SET group_id=0 WHERE id=2");
  Outcome outcome = run({"validate"});
  EXPECT_EQ(outcome.code, ExitCode::kCorrupt);
  EXPECT_NE(outcome.data.find("groups: user:2\n"), std::string::npos) << outcome.data;
  outcome = run({"validate", "--repair"});
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_NE(outcome.messages.find("would remove 1 entry, and mend 0 rows"), std::string::npos);
  EXPECT_EQ(run({"validate"}).code, ExitCode::kCorrupt);
  outcome = run({"validate", "--repair", "--confirm"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_NE(outcome.messages.find("removed 1 entry, mended 0 rows"), std::string::npos);
  EXPECT_EQ(run({"validate"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"get", "--keyspace", "user", "1"}).data, "1");
  EXPECT_EQ(run({"get", "--keyspace", "user", "2"}).code, ExitCode::kNotFound);
}

TEST_F(UpkeepTest, ASensitiveKeyIsNotNamed) {
  fill_users();
  change("UPDATE entries SET group_id=0 WHERE id=2");
  std::ofstream(folder_.file("strata.yaml"))
      << "cache: {sqlite: {path: cache.db}, keyspaces: {user: {sensitive: true}}}\n";
  const Outcome outcome = run({"validate"});
  EXPECT_EQ(outcome.code, ExitCode::kCorrupt);
  EXPECT_NE(outcome.data.find("groups: user:(sensitive)\n"), std::string::npos) << outcome.data;
}

TEST_F(UpkeepTest, ACheckOfTheConfigurationLooksAtItsKeys) {
  const auto check = [&](const char* encryption) {
    std::ofstream(folder_.file("strata.yaml"))
        << "cache: {encryption: {" << encryption << "}, defaults: {encrypt: true}}\n";
    return run({"config", "check"});
  };
  EXPECT_EQ(check("keys_variable: NO_KEYS").code, ExitCode::kOk);
  EXPECT_NE(check("keys_variable: NO_KEYS").messages.find("NO_KEYS is not set"), std::string::npos);

  const std::string keys = folder_.file("keys");
  Outcome outcome = check("keys_file: keys");
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_NE(outcome.messages.find("keys: does not exist"), std::string::npos) << outcome.messages;
  std::ofstream(keys) << "no key\n";
  EXPECT_EQ(::chmod(keys.c_str(), 0600), 0);
  EXPECT_EQ(check("keys_file: keys").code, ExitCode::kUsage);
  std::ofstream(keys) << make_encryption_key().value() << "\n";
  EXPECT_EQ(check("keys_file: keys").code, ExitCode::kOk);
  EXPECT_EQ(::chmod(keys.c_str(), 0640), 0);
  outcome = check("keys_file: keys");
  EXPECT_EQ(outcome.code, ExitCode::kUsage);
  EXPECT_NE(outcome.messages.find("chmod 600"), std::string::npos) << outcome.messages;
}

TEST_F(UpkeepTest, JsonGoesOutAsJsonAndComesBackAsItWas) {
  fill_users();
  const std::string file = folder_.file("out.jsonl");
  EXPECT_EQ(run({"export", file}).code, ExitCode::kOk);
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_NE(text.find(R"("value_json":{"price":1.00})"), std::string::npos) << text;
  EXPECT_EQ(run({"purge", "--all", "--confirm"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"import", file}).data, "stored 4 entries of 4\n");
  EXPECT_EQ(run({"get", "--keyspace", "doc", "1"}).data, R"({"price":1.00})");
  fill([](Cache& cache) {
    EXPECT_EQ(cache.keyspace<Json>("doc").get("1")->text(), R"({"price":1.00})");
  });
}

TEST_F(UpkeepTest, ASecretInAKeyIsNotShown) {
  fill([](Cache& cache) {
    auto users = cache.keyspace<std::string>("user");
    const Key key = users.key({.identifier = "1", .params = {{"api_key", "hush"}}}).value();
    users.put(key, "value");
  });
  const Outcome outcome = run({"export"});
  EXPECT_EQ(outcome.data.find("hush"), std::string::npos);
  EXPECT_NE(outcome.data.find(R"({"redacted":"user"})"), std::string::npos) << outcome.data;
}

// What the ticket is for: the value was exported before, and is wrong now.
TEST_F(UpkeepTest, WhatIsInvalidatedAfterTheImportBeganIsRefused) {
  GlobalOptions globals;
  globals.config = folder_.file("strata.yaml");
  const Command program = make_program(globals);
  const Environment environment = [](const std::string&) { return std::nullopt; };
  Console console(environment);
  Context context{program, globals, environment, console};
  auto opened = Session::open(context, Access::kChange);
  ASSERT_TRUE(std::holds_alternative<std::unique_ptr<Session>>(opened));
  Session& session = *std::get<std::unique_ptr<Session>>(opened);
  Importer importer(session, {});
  const auto record = [](const std::string& id) {
    Record made;
    made.key_text = "1:user::" + id + ":";
    made.group = {keyspace("user")};
    made.labels = {tag("org:" + id)};
    made.lifetime.written_wall = system_clock()->wall_now();
    made.payload = "value";
    return made;
  };
  EXPECT_TRUE(importer.store(record("1")).ok());
  static_cast<void>(session.cache().invalidate(tag("org:2")));
  EXPECT_TRUE(importer.store(record("2")).ok());
  EXPECT_EQ(importer.counts().stored, 1u);
  EXPECT_EQ(importer.counts().refused, 1u);
  EXPECT_EQ(session.finish(ExitCode::kOk), ExitCode::kOk);
  EXPECT_EQ(run({"inspect"}).messages, "strata: 1 entry, 5 B\n");
}

// The value that is replaced may be part of others.
TEST_F(UpkeepTest, WhatDependsOnAReplacedValueGoes) {
  fill_users();
  const std::string file = folder_.file("out.jsonl");
  ASSERT_EQ(run({"export", file, "--prefix", "1"}).code, ExitCode::kOk);
  fill([](Cache& cache) {
    auto users = cache.keyspace<std::string>("user");
    users.put("1", "other");
    const Label on_first = users.key({.identifier = "1"}).value().label();
    users.put("page", "of 1", {.labels = {on_first}});
  });
  EXPECT_TRUE(run({"import", file}).data.starts_with("stored 0 entries of 2\n2 not stored"));
  EXPECT_EQ(run({"get", "--keyspace", "user", "page"}).data, "of 1");
  EXPECT_EQ(run({"import", file, "--overwrite"}).code, ExitCode::kOk);
  EXPECT_EQ(run({"get", "--keyspace", "user", "1"}).data, "1");
  EXPECT_EQ(run({"get", "--keyspace", "user", "page"}).code, ExitCode::kNotFound);
}

TEST_F(UpkeepTest, AFileThatWasMadeMeanwhileStays) {
  const std::string path = folder_.file("out");
  {
    Result<OutputFile> file = OutputFile::open(path, false);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write("ours").ok());
    std::ofstream(path) << "theirs";
    const Result<void> committed = file->commit();
    ASSERT_FALSE(committed.ok());
    EXPECT_EQ(committed.error().code, ErrorCode::kRejected);
  }
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "theirs");
  Result<OutputFile> file = OutputFile::open(path, true);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write("ours").ok());
  ASSERT_TRUE(file->commit().ok());
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "ours");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777u, 0600u);
}

}  // namespace
}  // namespace strata::cli
