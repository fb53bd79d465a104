// Tests of labels: ids, validity and text.
#include "strata/core/label.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "strata/core/key.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

constexpr std::array kKinds{LabelKind::kKey,    LabelKind::kTag,  LabelKind::kKeyspace,
                            LabelKind::kTenant, LabelKind::kType, LabelKind::kSource,
                            LabelKind::kSchema, LabelKind::kAll};

// Label tables, indexes and journals on disk hold these numbers.
TEST(LabelId, IsStableAcrossReleases) {
  EXPECT_EQ(label_id(LabelKind::kKey, "1:user::42:"), LabelId{0x4c487e6d5b80e55e});
  EXPECT_EQ(label_id(LabelKind::kTag, "org:7"), LabelId{0x29d4a524943fb0db});
  EXPECT_EQ(everything().id(), LabelId{0xbe3fda6babaf8de0});
}

TEST(LabelId, TheSameTextOfAnotherKindIsAnotherLabel) {
  std::set<LabelId> ids;
  for (const LabelKind kind : kKinds) ids.insert(label_id(kind, "census"));
  EXPECT_EQ(ids.size(), kKinds.size());
}

TEST(LabelId, OfAKeyFollowsFromItsHash) {
  const Key key = Key::make({.keyspace = "user", .identifier = "42"}).value();
  EXPECT_EQ(key_label_id(key.hash()), key.label().id());
  EXPECT_EQ(key.label(), Label(LabelKind::kKey, "1:user::42:"));
}

TEST(Label, ShortFormsMakeTheirKind) {
  EXPECT_EQ(tag("org:7"), Label(LabelKind::kTag, "org:7"));
  EXPECT_EQ(keyspace("user"), Label(LabelKind::kKeyspace, "user"));
  EXPECT_EQ(source("census"), Label(LabelKind::kSource, "census"));
  EXPECT_EQ(everything(), Label(LabelKind::kAll, ""));
  EXPECT_NE(tag("census"), source("census"));
}

TEST(LabelValidate, AcceptsTextUpToTheLimit) {
  EXPECT_TRUE(tag("t").validate().ok());
  EXPECT_TRUE(tag(std::string(128, 'x')).validate().ok());
  EXPECT_TRUE(tag("caf\xc3\xa9").validate().ok());
  EXPECT_TRUE(Label(LabelKind::kKey, std::string(1024, 'x')).validate().ok());
  EXPECT_TRUE(everything().validate().ok());
}

TEST(LabelValidate, RefusesTheRestAndSaysWhy) {
  const std::vector<std::pair<Label, std::string>> cases{
      {tag(""), "a tag label has no text"},
      {tag(std::string(129, 'x')), "has 129 bytes; the limit is 128"},
      {Label(LabelKind::kKey, std::string(1025, 'x')), "has 1025 bytes; the limit is 1024"},
      {source("a\nb"), "source \"a\\x0ab\" has a control character"},
      {keyspace("\xff"), "keyspace \"\\xff\" is not UTF-8"},
      {Label(LabelKind::kAll, "x"), "the label of everything has no text"}};
  for (const auto& [label, reason] : cases) {
    const Result<void> valid = label.validate();
    ASSERT_FALSE(valid.ok()) << reason;
    EXPECT_EQ(valid.error().code, ErrorCode::kRejected);
    EXPECT_NE(valid.error().message.find(reason), std::string::npos) << valid.error().message;
  }
}

TEST(FormatLabel, IsKindAndTextOrAStar) {
  EXPECT_EQ(format_label(tag("org:7")), "tag:org:7");
  EXPECT_EQ(format_label(Label(LabelKind::kKey, "1:user::42:")), "key:1:user::42:");
  EXPECT_EQ(format_label(everything()), "*");
}

TEST(ParseLabel, ReadsBackWhatFormatWrites) {
  testkit::for_each_seed(500, [](testkit::Random& random) {
    const LabelKind kind = random.pick(kKinds);
    const Label label(kind, kind == LabelKind::kAll ? "" : random.text(1, 128, "a:* %&=#/"));
    const Result<Label> back = parse_label(format_label(label));
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(*back, label);
    ASSERT_EQ(back->id(), label.id());
  });
}

TEST(ParseLabel, RefusesTheRestAndSaysWhy) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "has no kind; write for example \"tag:org:7\""},
      {"org", "has no kind"},
      {"tags:x", "unknown kind \"tags\", did you mean \"tag\"?"},
      {"Tag:x", "unknown kind \"Tag\", did you mean \"tag\"?"},
      {"all:", "unknown kind \"all\""},
      {"tag:", "has no text"},
      {"tag:\x01", "control character"},
      {"**", "has no kind"}};
  for (const auto& [text, reason] : cases) {
    const Result<Label> parsed = parse_label(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kRejected);
    EXPECT_NE(parsed.error().message.find(reason), std::string::npos) << parsed.error().message;
  }
}

TEST(GroupKind, IsEverythingButKeysAndTags) {
  for (const LabelKind kind : kKinds) {
    EXPECT_EQ(is_group_kind(kind), kind != LabelKind::kKey && kind != LabelKind::kTag)
        << to_string(kind);
  }
}

}  // namespace
}  // namespace strata
