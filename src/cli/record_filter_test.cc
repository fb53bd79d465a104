#include "cli/record_filter.h"

#include <gtest/gtest.h>

#include "strata/core/key.h"
#include "strata/testing/manual_clock.h"

namespace strata::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class RecordFilterTest : public testing::Test {
 protected:
  // Written now, fresh for an hour and kept for two.
  Record record(const KeyParts& parts, Labels labels = {}) {
    const Key key = Key::make(parts).value();
    Record record;
    record.key_text = key.text();
    record.long_params = key.long_params();
    record.group = {keyspace(parts.keyspace)};
    record.labels = std::move(labels);
    record.lifetime = {.written_wall = clock_.wall_now(),
                       .written_since_boot = clock_.now().since_boot,
                       .boot_id = clock_.boot_id(),
                       .fresh_for = hours(1),
                       .keep_for = hours(2)};
    record.payload = "value";
    return record;
  }
  RecordRow row(const Record& record) { return row_of("sqlite", record, Moment(clock_)); }
  RecordRow row(const std::string& id, Labels labels = {}) {
    return row(record({.keyspace = "user", .identifier = id}, std::move(labels)));
  }

  ManualClock clock_;
};

TEST_F(RecordFilterTest, ShowsIdentifierAndParametersForPeople) {
  EXPECT_EQ(row("a:b%").name, "a:b%");
  EXPECT_EQ(row("a:b%").keyspace, "user");
  EXPECT_EQ(row(record({.keyspace = "census", .params = {{"b", "2"}, {"a", "1"}}})).name,
            "a=1&b=2");
  EXPECT_EQ(
      row(record({.keyspace = "k", .identifier = "x", .params = {{"a", "1"}, {"b", "2"}}})).name,
      "x?a=1&b=2");
  const std::string lengthy(300, 'v');
  EXPECT_EQ(row(record({.keyspace = "k", .params = {{"a", lengthy}}})).name, "a=" + lengthy);
}

TEST_F(RecordFilterTest, KnowsHowARecordStands) {
  const Record written = record({.keyspace = "user", .identifier = "42"});
  EXPECT_EQ(row(written).state, RecordState::kFresh);
  EXPECT_EQ(row(written).fresh_for, hours(1));
  clock_.advance(minutes(90));
  EXPECT_EQ(row(written).state, RecordState::kStale);
  EXPECT_EQ(row(written).age, minutes(90));
  EXPECT_EQ(row(written).fresh_for, -minutes(30));
  clock_.advance(minutes(31));
  EXPECT_EQ(row(written).state, RecordState::kExpired);
}

TEST_F(RecordFilterTest, TakesAgesOfAnotherBootFromTheWallClock) {
  Record written = record({.keyspace = "user", .identifier = "42"});
  written.lifetime.boot_id += 1;
  clock_.advance(minutes(10));
  EXPECT_EQ(row(written).age, minutes(10));
  written.lifetime.written_wall.unix_ms = INT64_MIN;
  EXPECT_GT(row(written).age, hours(24 * 365 * 200));
}

TEST_F(RecordFilterTest, MatchesOnlyWhatFulfilsEverything) {
  const RecordRow user = row("42", {tag("org:7"), source("hr")});
  EXPECT_TRUE(RecordFilter().matches(user));
  EXPECT_TRUE((RecordFilter{.keyspace = "user", .tag = "org:7", .prefix = "42"}.matches(user)));
  EXPECT_TRUE((RecordFilter{.source = "hr"}.matches(user))) << "it depends on that source";
  EXPECT_FALSE((RecordFilter{.keyspace = "user", .tag = "org:8"}.matches(user)));
  EXPECT_FALSE((RecordFilter{.keyspace = "use"}.matches(user)));
  EXPECT_FALSE((RecordFilter{.prefix = "2"}.matches(user)));
  EXPECT_FALSE((RecordFilter{.source = "user"}.matches(user)));
  EXPECT_FALSE((RecordFilter{.expired = true}.matches(user)));
}

TEST_F(RecordFilterTest, APrefixEndsWithASegment) {
  for (const char* name : {"issue", "issue:7", "issue/7", "issue?page=2", "issue.7", "issue 7"}) {
    EXPECT_TRUE(begins_with_segments(name, "issue")) << name;
  }
  for (const char* name :
       {"issue_type", "issue-type", "issues", "issue7", "issu", "x:issue", "", "issue\xc3\xa9"}) {
    EXPECT_FALSE(begins_with_segments(name, "issue")) << name;
  }
  EXPECT_FALSE(begins_with_segments("42", "4"));
  EXPECT_TRUE(begins_with_segments("user:4:name", "user:4"));
  EXPECT_FALSE(begins_with_segments("user:42", "user:4"));
  EXPECT_FALSE((RecordFilter{.prefix = "4"}.matches(row("42"))));
}

TEST_F(RecordFilterTest, APrefixThatEndsWithASeparatorMatchesAllThatBeginsSo) {
  EXPECT_TRUE(begins_with_segments("issue_type", "issue_"));
  EXPECT_TRUE(begins_with_segments("issue-type", "issue-"));
  EXPECT_TRUE(begins_with_segments("issue:7", "issue:"));
  EXPECT_TRUE(begins_with_segments("name=bash", "name="));
  EXPECT_TRUE(begins_with_segments("anything", ""));
  EXPECT_FALSE(begins_with_segments("issue", "issue:"));
}

TEST_F(RecordFilterTest, IsCalledByItsIdItsKeyspaceOrItsKey) {
  const RecordRow type =
      row_of("sqlite", record({.keyspace = "issue_type", .identifier = "7"}), Moment(clock_));
  const RecordRow issue =
      row_of("sqlite", record({.keyspace = "issue", .identifier = "7/a"}), Moment(clock_));
  for (const char* prefix : {"issue", "issue:", "issue:7", "issue:7/a", "7", "7/", "1:issue",
                             "1:issue::7/a", "1:issue::7/a:"}) {
    EXPECT_TRUE(is_called(issue, prefix)) << prefix;
  }
  for (const char* prefix : {"iss", "issue:7/ab", "1", "1:", "1:iss", "a", "2:issue"}) {
    EXPECT_FALSE(is_called(issue, prefix)) << prefix;
  }
  EXPECT_FALSE(is_called(type, "issue"));
  EXPECT_FALSE(is_called(type, "1:issue"));
  EXPECT_TRUE(is_called(type, "issue_"));
}

TEST_F(RecordFilterTest, KnowsWhenARecordWasMadeAndWhenItEnds) {
  Record written = record({.keyspace = "user", .identifier = "42"});
  const std::int64_t made_ms = written.lifetime.written_wall.unix_ms;
  clock_.advance(minutes(5));
  EXPECT_EQ(row(written).written.unix_ms, made_ms);
  EXPECT_EQ(row(written).expires, WallTime{made_ms + 2 * 3'600'000}) << "not its ttl: when it goes";
  EXPECT_EQ(row(written).version, "");
  EXPECT_FALSE(row(written).source_last_modified);
  written.version = "\"etag\"";
  written.source_last_modified = WallTime{5};
  written.lifetime.keep_for = kForever;
  EXPECT_EQ(row(written).version, "\"etag\"");
  EXPECT_EQ(row(written).source_last_modified, WallTime{5});
  EXPECT_FALSE(row(written).expires);
}

TEST_F(RecordFilterTest, TheEndsOfTimeStay) {
  EXPECT_EQ(later(WallTime{1000}, -std::chrono::seconds(1)), WallTime{0});
  EXPECT_EQ(later(WallTime{INT64_MAX}, hours(1)), WallTime{INT64_MAX});
  EXPECT_EQ(later(WallTime{INT64_MIN}, -hours(1)), WallTime{INT64_MIN});
}

TEST_F(RecordFilterTest, MatchesByAgeAndDate) {
  const Record written = record({.keyspace = "user", .identifier = "42"});
  clock_.advance(hours(1));
  const RecordRow hour_old = row(written);
  EXPECT_TRUE((RecordFilter{.older_than = minutes(59)}.matches(hour_old)));
  EXPECT_FALSE((RecordFilter{.older_than = hours(1)}.matches(hour_old)));
  const WallTime at = written.lifetime.written_wall;
  EXPECT_TRUE((RecordFilter{.before = WallTime{at.unix_ms + 1}}.matches(hour_old)));
  EXPECT_FALSE((RecordFilter{.before = at}.matches(hour_old)));
}

TEST_F(RecordFilterTest, IsALabelOnlyWhenTheLabelSaysItAll) {
  EXPECT_EQ((RecordFilter{.tag = "a"}.only_label()), tag("a"));
  EXPECT_EQ((RecordFilter{.source = "a"}.only_label()), source("a"));
  EXPECT_EQ((RecordFilter{.keyspace = "a"}.only_label()), keyspace("a"));
  EXPECT_FALSE((RecordFilter{.keyspace = "a", .tag = "a"}.only_label()));
  EXPECT_FALSE((RecordFilter{.tag = "a", .expired = true}.only_label()));
  EXPECT_FALSE((RecordFilter{.tag = "a", .older_than = hours(1)}.only_label()));
  EXPECT_FALSE((RecordFilter{.tag = "a", .before = WallTime{}}.only_label()));
  EXPECT_FALSE((RecordFilter{.tag = "a", .prefix = ""}.only_label()));
  EXPECT_FALSE(RecordFilter().only_label());
  EXPECT_TRUE(RecordFilter().empty());
  EXPECT_FALSE((RecordFilter{.expired = true}.empty()));
}

TEST_F(RecordFilterTest, SeesEveryLabelThatARecordCarries) {
  const Record user = record({.keyspace = "user", .identifier = "42"}, {tag("org:7")});
  const Label own(LabelKind::kKey, user.key_text);
  for (const Label& label : {own, tag("org:7"), keyspace("user"), everything()}) {
    EXPECT_TRUE(carries(user, std::vector{tag("other"), label})) << format_label(label);
  }
  EXPECT_FALSE(carries(user, std::vector{tag("user"), source("org:7")}));
  EXPECT_FALSE(carries(user, {}));
}

}  // namespace
}  // namespace strata::cli
