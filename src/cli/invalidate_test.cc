// `strata invalidate` and `strata labels`, on caches that other programs have filled.
#include <gtest/gtest.h>

#include <fstream>

#include "cli/invalidation_report.h"
#include "strata/codecs/json.h"
#include "testkit/program_run.h"

namespace strata::cli {
namespace {

using std::chrono::hours;

class InvalidateTest : public testing::Test, protected testkit::ProgramRun {
 protected:
  void SetUp() override {
    fill([](Cache& cache) {
      auto issues = cache.keyspace<std::string>("issue", {.stale_for = hours(1), .type = "issue"});
      issues.put("12", "a", {.labels = {tag("issue:12"), tag("issue:lists")}});
      issues.put("13", "bb", {.labels = {tag("issue:13"), schema("s1")}});
      cache.keyspace<std::string>("issue_type").put("12", "ccc", {.labels = {tag("org:7")}});
      cache.keyspace<std::string>("user").of_tenant("acme").put("1", "dddd");
    });
  }

  std::string text(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.messages;
    return outcome.data;
  }
  // The sum; lines of tiers and rules follow it.
  std::string first_line(const std::vector<std::string>& words) {
    const std::string all = text(words);
    return all.substr(0, all.find('\n') + 1);
  }
  // What is said when nothing was found.
  std::string note(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::kOk) << outcome.messages;
    EXPECT_TRUE(outcome.data.find("invalidated 0 entries") == 0) << outcome.data;
    return outcome.messages;
  }
  std::string refusal(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, ExitCode::kUsage) << outcome.data;
    EXPECT_EQ(outcome.data, "");
    EXPECT_EQ(left(), 4) << "what is refused changes nothing";
    return outcome.messages;
  }
  int left() {
    const Json entries = Json::parse(text({"inspect", "--json"})).value();
    return std::stoi(entries.pick("/matched").value().text());
  }
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_F(InvalidateTest, EveryKindOfLabelReachesWhatCarriesIt) {
  EXPECT_EQ(first_line({"invalidate", "--schema", "s1"}), "invalidated 1 entry, 2 B\n");
  EXPECT_EQ(first_line({"invalidate", "--tenant", "acme"}), "invalidated 1 entry, 4 B\n");
  EXPECT_EQ(first_line({"invalidate", "--type", "issue"}), "invalidated 1 entry, 1 B\n");
  EXPECT_EQ(left(), 1);
}

TEST_F(InvalidateTest, LabelsAddUp) {
  EXPECT_EQ(first_line({"invalidate", "--tag", "issue:13", "--tag", "org:7", "--tenant", "acme"}),
            "invalidated 3 entries, 9 B\n");
  EXPECT_EQ(left(), 1);
}

TEST_F(InvalidateTest, APrefixEndsWithASegment) {
  EXPECT_EQ(first_line({"invalidate", "--prefix", "issue"}), "invalidated 2 entries, 3 B\n");
  EXPECT_EQ(left(), 2);
  EXPECT_EQ(first_line({"invalidate", "--prefix", "1:issue_type"}), "invalidated 1 entry, 3 B\n");
  EXPECT_EQ(first_line({"invalidate", "--prefix", "acme/user:1"}), "invalidated 1 entry, 4 B\n");
  EXPECT_EQ(left(), 0);
}

TEST_F(InvalidateTest, FiltersNarrowLabelsDown) {
  EXPECT_EQ(first_line({"invalidate", "--prefix", "12", "--tag", "org:7", "--tag", "issue:13"}),
            "invalidated 1 entry, 3 B\n");
  EXPECT_EQ(first_line({"invalidate", "--older-than", "1h", "--type", "issue"}),
            "invalidated 0 entries, 0 B\n");
  EXPECT_EQ(first_line({"invalidate", "--older-than", "0s", "--prefix", "issue:12"}),
            "invalidated 1 entry, 1 B\n");
  EXPECT_EQ(left(), 2);
}

TEST_F(InvalidateTest, MoreKeysThanOneSliceGo) {
  constexpr int kKeys = 2'500;
  fill([](Cache& cache) {
    auto many = cache.keyspace<std::string>("many");
    for (int i = 0; i < kKeys; ++i) many.put(i, "x");
  });
  const std::string told = text({"invalidate", "--prefix", "many", "--json"});
  EXPECT_TRUE(has(told, "\"entries\":2500")) << told;
  EXPECT_TRUE(has(told, "\"tier\":\"sqlite\"")) << told;
  EXPECT_EQ(left(), 4);
}

TEST_F(InvalidateTest, ADryRunChangesNothing) {
  EXPECT_EQ(first_line({"invalidate", "--prefix", "issue", "--dry-run"}),
            "would invalidate 2 entries, 3 B\n");
  EXPECT_EQ(first_line({"invalidate", "--type", "issue", "--soft", "--dry-run"}),
            "would expire 2 entries, 3 B\n");
  EXPECT_EQ(first_line({"invalidate", "--write", "issue:12", "--dry-run"}),
            "would invalidate 1 entry, 1 B\n");
  EXPECT_EQ(left(), 4);
}

TEST_F(InvalidateTest, SoftOnesEndTtls) {
  EXPECT_EQ(first_line({"invalidate", "--type", "issue", "--soft"}), "expired 2 entries, 3 B\n");
  const Json entries = Json::parse(text({"inspect", "--keyspace", "issue", "--json"})).value();
  EXPECT_EQ(entries.pick("/entries/0/state").value().text(), "\"stale\"");
  EXPECT_EQ(entries.pick("/matched").value().text(), "2");
}

TEST_F(InvalidateTest, SoftOnesEndTheTtlsOfWhatFiltersSelect) {
  const std::string would =
      text({"invalidate", "--type", "issue", "--soft", "--dry-run", "--json"});
  EXPECT_TRUE(has(would, "\"expired_entries\":2")) << would;
  EXPECT_EQ(first_line({"invalidate", "--prefix", "issue:12", "--soft"}), "expired 1 entry, 1 B\n");
  const Json entries = Json::parse(text({"inspect", "--keyspace", "issue", "--json"})).value();
  EXPECT_EQ(entries.pick("/entries/0/state").value().text(), "\"stale\"");
  EXPECT_EQ(entries.pick("/entries/1/state").value().text(), "\"fresh\"");
}

TEST_F(InvalidateTest, AWriteWithoutRulesReachesTheItemAndItsLists) {
  const Outcome outcome = run({"invalidate", "--write", "issue:12", "--field", "status=a=b"});
  EXPECT_EQ(outcome.code, ExitCode::kOk);
  EXPECT_EQ(outcome.data,
            "invalidated 1 entry, 1 B\nsqlite: removed as they are met\nmemory: 0 removed\n");
  EXPECT_TRUE(has(outcome.messages, "no rule is for it")) << outcome.messages;
  EXPECT_EQ(left(), 3);
}

// What is removed in several steps adds up; what one step cannot tell, nobody can.
TEST_F(InvalidateTest, AReportAddsUpStepsByTier) {
  InvalidationReport report;
  InvalidationResult step;
  step.tiers = {{"sqlite", {}, 2}, {"memory", {}, 1}};
  report.add_removed(step);
  report.add_removed(step);
  report.add_expired(step);
  step.tiers[0].removed.reset();
  report.add_expired(step);
  report.add_expired(step);
  ASSERT_EQ(report.tiers.size(), 2u);
  EXPECT_EQ(report.tiers[0].removed, 4u);
  EXPECT_EQ(report.tiers[0].expired, std::nullopt);
  EXPECT_EQ(report.tiers[1].removed, 2u);
  EXPECT_EQ(report.tiers[1].expired, 3u);
}

TEST_F(InvalidateTest, JsonTellsWhatEachTierRemoved) {
  const Json told = Json::parse(text({"invalidate", "--tag", "org:7", "--json"})).value();
  EXPECT_EQ(told.pick("/schema").value().text(), "\"strata.invalidate/1\"");
  EXPECT_EQ(told.pick("/entries").value().text(), "1");
  EXPECT_EQ(told.pick("/soft").value().text(), "false");
  EXPECT_EQ(told.pick("/expired_entries").value().text(), "0");
  EXPECT_EQ(told.pick("/tiers/0/tier").value().text(), "\"sqlite\"");
  EXPECT_EQ(told.pick("/tiers/1/tier").value().text(), "\"memory\"");
  EXPECT_EQ(told.pick("/tiers/1/removed").value().text(), "0");
  const std::string written = text({"invalidate", "--write", "issue:13", "--json"});
  EXPECT_TRUE(has(written, "\"rules\":[]")) << written;
}

TEST_F(InvalidateTest, NothingNamedIsNotEverything) {
  EXPECT_TRUE(has(refusal({"invalidate"}), "say what to invalidate"));
  EXPECT_TRUE(has(refusal({"invalidate", "--soft"}), "say what to invalidate"));
  EXPECT_TRUE(has(refusal({"invalidate", "--prefix", ""}), "purge --all"));
  for (const char* prefix : {"1", "1:"}) {
    EXPECT_EQ(first_line({"invalidate", "--prefix", prefix, "--keyspace", "issue"}),
              "invalidated 0 entries, 0 B\n")
        << "all keys begin so";
  }
}

TEST_F(InvalidateTest, WildcardsAreRefusedWithTheText) {
  for (const char* option : {"--tag", "--type", "--tenant", "--schema", "--source", "--keyspace"}) {
    for (const char* text : {"org:*", "?", "a*b"}) {
      const std::string refused = refusal({"invalidate", option, text});
      EXPECT_TRUE(has(refused, std::string("\"") + text + "\"")) << refused;
      EXPECT_TRUE(has(refused, option)) << refused;
    }
  }
  for (const char* text : {"issue:*", "iss?e:1"}) {
    EXPECT_TRUE(has(refusal({"invalidate", "--write", text}), std::string("\"") + text + "\""));
  }
  EXPECT_TRUE(has(refusal({"put", "issue", "14", "x", "--tag", "a*"}), "--tag: \"a*\" has a"));
  EXPECT_TRUE(has(refusal({"invalidate", "--prefix", "issue*"}), "issue*"));
}

// An id may have any character, so that a key names one thing whatever stands in it.
TEST_F(InvalidateTest, AKeyIsMeantAsItIsWritten) {
  fill([](Cache& cache) { cache.keyspace<std::string>("issue").put("a*b?", "x"); });
  EXPECT_EQ(first_line({"invalidate", "--key", "issue:a*b?"}), "invalidated 1 entry, 1 B\n");
  EXPECT_TRUE(has(note({"invalidate", "--key", "issue:*"}), "there are no wildcards"));
  EXPECT_EQ(left(), 4);
}

TEST_F(InvalidateTest, ANameThatIsNowhereIsSaidToBeSo) {
  EXPECT_TRUE(has(note({"invalidate", "--keyspace", "usr"}),
                  "no keyspace \"usr\" is configured or cached, did you mean \"user\"?"));
  EXPECT_TRUE(has(note({"invalidate", "--keyspace", "acme/usr"}), "did you mean \"user\"?"));
  EXPECT_TRUE(has(note({"invalidate", "--key", "usr:42"}), "did you mean \"user\"?"));
  EXPECT_TRUE(has(note({"invalidate", "--key", "1:usr::42:"}), "did you mean \"user\"?"));
  EXPECT_TRUE(
      has(note({"invalidate", "--prefix", "usr"}), "begins with \"usr\", did you mean \"user\"?"));
  EXPECT_TRUE(has(note({"invalidate", "--source", "nosuch"}), "no source \"nosuch\""));
  EXPECT_EQ(note({"invalidate", "--key", "user:42"}), "");
  EXPECT_EQ(note({"invalidate", "--prefix", "user:42"}), "");
  EXPECT_EQ(note({"invalidate", "--keyspace", "user", "--prefix", "42"}),
            note({"invalidate", "--prefix", "42"}));
  std::ofstream(folder_.file("strata.yaml"))
      << "cache: {sqlite: {path: cache.db}, keyspaces: {page: {source: web}}}\n";
  EXPECT_EQ(note({"invalidate", "--keyspace", "page", "--source", "web"}), "");
  EXPECT_TRUE(has(note({"invalidate", "--source", "wep"}), "did you mean \"web\"?"));
}

TEST_F(InvalidateTest, WhatMakesNoLabelIsRefusedWithTheText) {
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:" + std::string(300, 'x')}),
                  "--write: tag \"issue:xxx"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:\xff"}), "is not UTF-8"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "iss\nue:1"}), "has a control character"));
}

TEST_F(InvalidateTest, TextTellsWhatEachTierDid) {
  EXPECT_EQ(text({"invalidate", "--tag", "org:7"}),
            "invalidated 1 entry, 3 B\nsqlite: removed as they are met\nmemory: 0 removed\n");
  EXPECT_EQ(text({"invalidate", "--tag", "issue:12", "--soft"}),
            "expired 1 entry, 1 B\nsqlite: expired as they are met\nmemory: 0 expired\n");
  EXPECT_EQ(text({"invalidate", "--tag", "issue:12", "--dry-run"}),
            "would invalidate 1 entry, 1 B\n");
}

TEST_F(InvalidateTest, WhatIsWrongWithAnEventIsSaid) {
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue"}), "write TYPE:ID"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:"}), "write TYPE:ID"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:1", "--tag", "a"}), "--write"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:1", "--soft"}), "--write"));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:1", "--field", "x"}), "\"x\""));
  EXPECT_TRUE(has(refusal({"invalidate", "--write", "issue:1", "--old", "=x"}), "--old"));
  EXPECT_TRUE(has(refusal({"invalidate", "--tag", "a", "--field", "x=1"}), "--write"));
}

TEST_F(InvalidateTest, LabelsAreListedTheLargestFirst) {
  const Json told = Json::parse(text({"labels", "--json"})).value();
  EXPECT_EQ(told.pick("/schema").value().text(), "\"strata.labels/1\"");
  EXPECT_EQ(told.pick("/uncounted").value().text(), "0");
  EXPECT_EQ(told.pick("/counted").value().text(), told.pick("/shown").value().text());
  const std::string tags = text({"labels", "--kind", "tag", "--top", "1"});
  EXPECT_TRUE(has(tags, "org:7")) << tags;
  EXPECT_FALSE(has(tags, "issue:12")) << tags;
  EXPECT_TRUE(has(run({"labels", "--kind", "tag", "--top", "1"}).messages, "--all shows all"));
  EXPECT_TRUE(has(text({"labels", "--kind", "tag", "--top", "1", "--all"}), "issue:12"));
}

}  // namespace
}  // namespace strata::cli
