// Commands on values that are compressed, encrypted or sensitive.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "strata/codecs/json.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

class PackedValues : public testing::Test, protected testkit::ProgramRun {
 protected:
  PackedValues() {
    const std::string keys = make_encryption_key().value();
    std::ofstream(folder_.file("keys")) << keys;
    ::chmod(folder_.file("keys").c_str(), 0600);
    configure("keys");
    KeyspaceOptions secret;
    secret.encrypt = true;
    secret.sensitive = true;
    Cache cache = CacheBuilder()
                      .sqlite({.path = folder_.file("cache.db")})
                      .keyspace("secret", secret)
                      .keys(KeyRing::parse(keys, "keys").value())
                      .build()
                      .value();
    cache.keyspace<std::string>("text").put("long", long_text_);
    cache.keyspace<std::string>("secret").put("1", "the secret");
    cache.keyspace<Json>("json").put("1", Json::parse("\"" + long_text_ + "\"").value());
    cache.close();
  }

  void configure(const std::string& keys_file) {
    std::ofstream(folder_.file("strata.yaml"))
        << "cache: {sqlite: {path: cache.db}, encryption: {keys_file: " << keys_file
        << "}, keyspaces: {secret: {encrypt: true, sensitive: true}}}\n";
  }

  const std::string long_text_ = std::string(20'000, 'x');
};

TEST_F(PackedValues, ACompressedValueIsPrintedWhole) {
  EXPECT_EQ(run({"get", "--keyspace", "text", "long"}).data, long_text_);
  EXPECT_EQ(run({"get", "--keyspace", "json", "1"}).data, "\"" + long_text_ + "\"")
      << "as its codec made it, and not as it is compressed";
}

TEST_F(PackedValues, ASensitiveValueIsPrintedWhenAskedForTwice) {
  const Outcome hidden = run({"get", "--keyspace", "secret", "1"});
  EXPECT_EQ(hidden.code, ExitCode::kUsage);
  EXPECT_EQ(hidden.data, "");
  EXPECT_THAT(hidden.messages, HasSubstr("secret is sensitive; nothing is printed without"));
  EXPECT_EQ(run({"get", "--keyspace", "secret", "1", "--reveal"}).data, "the secret");
}

TEST_F(PackedValues, InspectAndExplainTellHowAValueIsStored) {
  const Json entries = Json::parse(run({"inspect", "--json", "--keyspace", "text"}).data).value();
  EXPECT_EQ(entries.pick("/entries/0/compression").value().text(), "\"zstd\"");
  EXPECT_EQ(entries.pick("/entries/0/value_bytes").value().text(), "20000");
  EXPECT_THAT(run({"inspect", "--keyspace", "secret"}).data, HasSubstr("fresh, encrypted"));
  EXPECT_THAT(run({"explain", "text:long"}).data, HasSubstr("sqlite: zstd of 19.5 KiB"));
  EXPECT_THAT(run({"explain", "secret:1"}).data, HasSubstr("sqlite: encrypted by key "));
}

TEST_F(PackedValues, WithoutTheKeyEveryCommandSaysSo) {
  configure("lost");
  const Outcome got = run({"get", "--keyspace", "secret", "1", "--reveal"});
  EXPECT_NE(got.code, ExitCode::kOk);
  EXPECT_EQ(got.data, "");
  EXPECT_THAT(got.messages, HasSubstr("secret:1 cannot be read: the value is encrypted by key "));
  EXPECT_THAT(got.messages, HasSubstr("and there are no keys"));
  const Outcome why = run({"explain", "secret:1"});
  EXPECT_THAT(why.data, HasSubstr("would miss"));
  EXPECT_THAT(why.data,
              HasSubstr("no_key: it is encrypted by a key that is not among those given"));
  EXPECT_THAT(run({"inspect"}).data, HasSubstr("fresh, encrypted"));
  const Outcome put = run({"put", "secret", "2", "more"});
  EXPECT_EQ(put.code, ExitCode::kFailed);
  EXPECT_THAT(put.messages, HasSubstr("is to be encrypted, and there are no keys"));
}

TEST_F(PackedValues, ValuesAreInNoListing) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"inspect", "--json"},
                                                {"explain", "secret:1", "--json"},
                                                {"stats", "--json"},
                                                {"labels", "--json"}}) {
    const Outcome listed = run(words);
    EXPECT_THAT(listed.data + listed.messages, Not(HasSubstr("the secret")));
  }
}

TEST_F(PackedValues, AnExportHasNoEncryptedValueAndAnImportPutsNoneInPlainText) {
  const std::string locked = "cache: {sqlite: {path: cache.db}, encryption: {keys_file: keys}, ";
  std::ofstream(folder_.file("strata.yaml")) << locked << "keyspaces: {secret: {encrypt: true}}}\n";
  const Outcome exported = run({"export"});
  EXPECT_THAT(exported.data, HasSubstr(R"({"redacted":"secret"})"));
  std::ofstream(folder_.file("strata.yaml"))
      << locked << "keyspaces: {text: {encrypt: true}, secret: {encrypt: true}}}\n";
  std::ofstream(folder_.file("e.jsonl")) << exported.data;
  const Outcome imported = run({"import", folder_.file("e.jsonl"), "--overwrite"});
  EXPECT_THAT(imported.messages, HasSubstr("keyspace text is encrypted"));
}

TEST_F(PackedValues, StatsTellWhatCompressionSpares) {
  ASSERT_EQ(run({"put", "text", "other", long_text_}).code, ExitCode::kOk);
  EXPECT_THAT(run({"stats"}).data,
              HasSubstr("below memory: 1 value compressed; all together take"));
  const Json stats = Json::parse(run({"stats", "--json"}).data).value();
  EXPECT_EQ(stats.pick("/by_keyspace/text/value_bytes").value().text(), "20000");
  EXPECT_EQ(stats.pick("/by_keyspace/text/compressed").value().text(), "1");
}

TEST_F(PackedValues, ANewKeyIsOneThatCanBeUsed) {
  const Outcome made = run({"config", "new-key"});
  EXPECT_EQ(made.code, ExitCode::kOk);
  EXPECT_TRUE(KeyRing::parse(made.data, "it").ok());
  EXPECT_NE(made.data, run({"config", "new-key"}).data);
}

}  // namespace
}  // namespace strata::cli
