// Tests of types, rules, cascades, the journal and outboxes in a configuration: what arrives, in
// which order, and the exact words and place of each error.
#include "config/rule_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "config/test_settings.h"
#include "strata/core/limits.h"

namespace strata {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

TEST(RuleSettings, EverythingArrives) {
  const Settings settings = parse(R"(
cache:
  journal: {removals: 100, causes: 0}
  defaults: {early_cutoff: false}
  types:
    issue: {fields: [id, project_id, status]}
  rules:
    issue-done:
      on: [write issue]
      when: changed(status) and status == done
      invalidate: ["issue:{id}", "project:{project_id}:lists"]
      expire: ["report:{project_id}"]
      priority: -5
      enabled: false
  cascades:
    issues-of-project: {from: project, to: issue, label: "project:{id}"}
  outboxes:
    shop-1:
      database: ${ORDERS}
      poll: 20ms
      batch_rows: 50
      busy_timeout: 0
      reader_timeout: 30d
      enabled: false
)",
                                  {{"ORDERS", "orders.db"}})
                                .value();
  EXPECT_EQ(settings.journal.removals, 100u);
  EXPECT_EQ(settings.journal.causes, 0u);
  EXPECT_FALSE(settings.defaults.early_cutoff);
  ASSERT_EQ(settings.types.size(), 1u);
  EXPECT_EQ(settings.types[0].type, "issue");
  EXPECT_EQ(settings.types[0].fields, (std::vector<std::string>{"id", "project_id", "status"}));
  ASSERT_EQ(settings.rules.size(), 1u);
  const Rule& rule = settings.rules[0];
  EXPECT_EQ(rule.name, "issue-done");
  EXPECT_EQ(rule.on, std::vector<std::string>{"write issue"});
  EXPECT_EQ(rule.when, "changed(status) and status == done");
  EXPECT_EQ(rule.invalidate,
            (std::vector<std::string>{"issue:{id}", "project:{project_id}:lists"}));
  EXPECT_EQ(rule.expire, std::vector<std::string>{"report:{project_id}"});
  EXPECT_EQ(rule.priority, -5);
  EXPECT_FALSE(rule.enabled);
  const Cascade& cascade = settings.cascades.at("issues-of-project");
  EXPECT_EQ(cascade.from, "project");
  EXPECT_EQ(cascade.to, "issue");
  EXPECT_EQ(cascade.label, "project:{id}");
  const OutboxSettings& outbox = settings.outboxes.at("shop-1");
  EXPECT_FALSE(outbox.enabled);
  EXPECT_EQ(outbox.options.reader, "shop-1");
  EXPECT_EQ(outbox.options.database, "orders.db");
  EXPECT_EQ(outbox.options.poll, milliseconds(20));
  EXPECT_EQ(outbox.options.batch_rows, 50u);
  EXPECT_EQ(outbox.options.busy_timeout, seconds(0));
  EXPECT_EQ(outbox.options.reader_timeout, 30 * hours(24));
  EXPECT_EQ(settings.origins.at("cache.rules.issue-done.when").line, 10u);
}

TEST(RuleSettings, WhatIsNotSaidHasTheDefaultsOfTheCode) {
  const Settings settings = parse(R"(
cache:
  rules: {a: {on: [write issue], invalidate: [b]}}
  outboxes: {shop: {database: orders.db}}
)")
                                .value();
  EXPECT_TRUE(settings.rules[0].enabled);
  EXPECT_EQ(settings.rules[0].priority, 0);
  const OutboxSettings& outbox = settings.outboxes.at("shop");
  const OutboxRelayOptions defaults;
  EXPECT_TRUE(outbox.enabled);
  EXPECT_EQ(outbox.options.poll, defaults.poll);
  EXPECT_EQ(outbox.options.batch_rows, defaults.batch_rows);
  EXPECT_EQ(outbox.options.busy_timeout, defaults.busy_timeout);
  EXPECT_EQ(outbox.options.reader_timeout, defaults.reader_timeout);
}

TEST(RuleSettings, TheOrderOfTheTextIsTheOrderOfDeclaration) {
  const Settings settings = parse(R"(
cache:
  rules:
    zebra: {on: [write issue], invalidate: [a]}
    ant: {on: [write issue], invalidate: [a]}
    monkey: {on: [write issue], invalidate: [a], priority: 1}
)")
                                .value();
  const RuleSet rules = RuleSet::compile(internal::rule_definitions(settings)).value();
  std::vector<std::string> names;
  for (const RuleStats& rule : rules.stats()) names.push_back(rule.name);
  EXPECT_EQ(names, (std::vector<std::string>{"monkey", "zebra", "ant"}));
}

TEST(RuleSettings, AnErrorHasThePlaceOfItsRule) {
  const auto error_of_rule = [](const std::string& rule) {
    return error_of(
        "cache:\n  types: {issue: {fields: [id, project_id]}}\n  rules:\n"
        "    good: {on: [write issue], invalidate: [a]}\n    bad: " +
        rule + "\n");
  };
  const std::string bad = "f.yaml:5:5: cache.rules.bad: ";
  EXPECT_EQ(error_of_rule("{on: [write issue], invalidate: ['issue:{id}']}"), "");
  EXPECT_EQ(error_of_rule("{on: [wrote issue], invalidate: [a]}"),
            bad +
                "on \"wrote issue\" begins with the unknown word \"wrote\", did you mean "
                "\"write\"?");
  EXPECT_EQ(error_of_rule("{on: [delete  issue ], invalidate: ['project:{projct_id}']}"),
            bad +
                "the field \"projct_id\" in \"project:{projct_id}\" is not declared for type "
                "\"issue\", did you mean \"project_id\"?");
  EXPECT_EQ(error_of_rule("{on: [write issue], when: changed(stat), invalidate: [a]}"),
            bad + "the field \"stat\" in \"changed(stat)\" is not declared for type \"issue\"");
  EXPECT_THAT(error_of_rule("{on: [write issue], when: 'id ==', invalidate: [a]}"),
              testing::AllOf(testing::StartsWith(bad), HasSubstr("\"id ==\"")));
  EXPECT_THAT(error_of_rule("{on: [write issue], expire: ['issue:*']}"),
              testing::AllOf(testing::StartsWith(bad), HasSubstr("\"issue:*\"")));
  EXPECT_EQ(error_of_rule("{on: [write issue]}"),
            bad + "neither invalidate nor expire has a label");
  EXPECT_EQ(error_of_rule("{on: [], invalidate: [a]}"),
            bad + "on is missing; write for example \"write issue\"");
  EXPECT_EQ(error_of_rule("{invalidate: [a]}"),
            "f.yaml:5:10: cache.rules.bad.on: is missing; it has no default");
  EXPECT_EQ(error_of_rule("{on: write issue, invalidate: [a]}"),
            "f.yaml:5:15: cache.rules.bad.on: is not a list; write [one, two], or one `- item` on "
            "each line");
  EXPECT_EQ(error_of_rule("{on: [write issue], invalidates: [a]}"),
            "f.yaml:5:30: cache.rules.bad.invalidates: is not a key that exists here, did you mean "
            "\"invalidate\"?");
  EXPECT_EQ(error_of_rule("{on: [write issue], invalidate: [a], priority: 1000001}"),
            "f.yaml:5:57: cache.rules.bad.priority: \"1000001\" is out of range; write -1000000 to "
            "1000000");
}

TEST(RuleSettings, EveryWrongRuleIsReported) {
  EXPECT_EQ(error_of("cache:\n  rules:\n    a: {on: [write x]}\n    b: {on: [write x]}\n"),
            "f.yaml:3:5: cache.rules.a: neither invalidate nor expire has a label\n"
            "f.yaml:4:5: cache.rules.b: neither invalidate nor expire has a label");
  EXPECT_EQ(error_of("cache:\n  rules:\n    a: {on: [write x], invalidate: [l]}\n"
                     "    a: {on: [write x], invalidate: [l]}\n"),
            "f.yaml:4:5: cache.rules.a: is given twice; the first is in line 3");
}

TEST(RuleSettings, ANameCannotForgeALineOfTheMessage) {
  const std::string error =
      error_of("cache:\n  rules:\n    \"a\\nf.yaml:1:1: b\": {on: [write x], invalidate: [l]}\n");
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
  EXPECT_THAT(error, testing::StartsWith("f.yaml:3:5: cache.rules.\"a\\x0a"));
}

TEST(RuleSettings, AMessageShowsNoSecret) {
  const std::string error = error_of("cache: {rules: {a: {on: ['${MY_TOKEN}'], invalidate: [l]}}}",
                                     {{"MY_TOKEN", "hush"}});
  EXPECT_EQ(error,
            "f.yaml:1:17: cache.rules.a: is refused; why is not shown, since it may be a secret "
            "(with values from ${MY_TOKEN})");
}

TEST(RuleSettings, TypesAreChecked) {
  EXPECT_EQ(
      error_of("cache: {types: {'is*': {fields: [id]}}}\n"),
      "f.yaml:1:17: cache.types.is*: the type \"is*\" has a wildcard; name it, or write * for "
      "all");
  EXPECT_EQ(
      error_of("cache: {types: {issue: {fields: [id, old.status]}}}\n"),
      "f.yaml:1:17: cache.types.issue: the field \"old.status\" has the name of something else");
  EXPECT_EQ(error_of("cache: {types: {issue: }}\n"),
            "f.yaml:1:24: cache.types.issue.fields: is missing; it has no default");
}

TEST(RuleSettings, AnErrorHasThePlaceOfItsCascade) {
  const std::string head = "cache:\n  types: {a: {fields: [id]}}\n  cascades:\n";
  EXPECT_EQ(error_of(head + "    x: {from: a, to: b, label: 'a:{id}'}\n"), "");
  EXPECT_EQ(error_of(head + "    x: {from: a, to: b, label: 'a:{idd}'}\n"),
            "f.yaml:4:5: cache.cascades.x: the field \"idd\" in \"a:{idd}\" is not declared for "
            "type \"a\", did you mean \"id\"?");
  EXPECT_EQ(error_of(head + "    x: {from: a, to: 'b*', label: 'a:{id}'}\n"),
            "f.yaml:4:5: cache.cascades.x: the type \"b*\" has a wildcard; name it, or write * for "
            "all");
  EXPECT_EQ(error_of(head + "    x: {from: a, to: b}\n"),
            "f.yaml:4:8: cache.cascades.x.label: is missing; it has no default");
  EXPECT_EQ(error_of(head + "    x: {from: a, to: b, label: 'a:{id}'}\n"
                            "    y: {from: a, to: b, label: 'a:{id}'}\n"),
            "f.yaml:5:5: cache.cascades.y: cascade from \"a\" to \"b\" is declared twice");
}

TEST(RuleSettings, TheCascadeThatClosesACircleIsNamed) {
  EXPECT_EQ(error_of("cache:\n  cascades:\n    z: {from: a, to: b, label: 'a:{id}'}\n"
                     "    y: {from: b, to: c, label: 'b:{id}'}\n"
                     "    x: {from: c, to: a, label: 'c:{id}'}\n"
                     "    w: {from: c, to: d, label: 'c:{id}'}\n"),
            "f.yaml:5:5: cache.cascades.x: cascades go round in a circle: a -> b -> c -> a");
}

TEST(RuleSettings, EveryCascadeThatIsWrongWithOthersIsNamed) {
  EXPECT_EQ(error_of("cache:\n  cascades:\n    a: {from: a, to: b, label: 'a:{id}'}\n"
                     "    b: {from: b, to: a, label: 'b:{id}'}\n"
                     "    c: {from: b, to: c, label: 'b:{id}'}\n"
                     "    d: {from: a, to: b, label: 'x:{id}'}\n"
                     "    e: {from: c, to: a, label: 'c:{id}'}\n"),
            "f.yaml:4:5: cache.cascades.b: cascades go round in a circle: a -> b -> a\n"
            "f.yaml:6:5: cache.cascades.d: cascade from \"a\" to \"b\" is declared twice\n"
            "f.yaml:7:5: cache.cascades.e: cascades go round in a circle: a -> b -> c -> a");
}

TEST(RuleSettings, TooManyAreRefusedWhereTheyStand) {
  const auto with_rules = [](std::size_t count) {
    std::string text = "cache:\n  rules:\n";
    for (std::size_t rule = 0; rule < count; ++rule) {
      text += "    r" + std::to_string(rule) + ": {on: [schema], invalidate: [a]}\n";
    }
    return text;
  };
  EXPECT_EQ(error_of(with_rules(limits::kRules)), "");
  EXPECT_EQ(error_of(with_rules(limits::kRules + 1)),
            "f.yaml:2:3: cache.rules: 10001 rules; the limit is 10000");

  const auto with_cascades = [](std::size_t count) {
    std::string text = "cache:\n  cascades:\n";
    for (std::size_t one = 0; one < count; ++one) {
      const std::string number = std::to_string(one);
      text += "    c" + number + ": {from: a, to: b" + number + ", label: 'a:{id}'}\n";
    }
    return text;
  };
  EXPECT_EQ(error_of(with_cascades(limits::kCascades)), "");
  EXPECT_EQ(error_of(with_cascades(limits::kCascades + 1)),
            "f.yaml:259:5: cache.cascades.c256: 257 cascades; the limit is 256");
}

TEST(OutboxSettings, OptionsAreChecked) {
  const auto error_of_outbox = [](const std::string& more) {
    return error_of("cache: {outboxes: {shop: {database: d" + more + "}}}\n");
  };
  const std::string at = "f.yaml:1:";
  EXPECT_EQ(error_of_outbox(""), "");
  for (const char* good :
       {", poll: 1ms", ", poll: 1h", ", batch_rows: 1", ", batch_rows: 10000", ", busy_timeout: 0",
        ", reader_timeout: 1s", ", reader_timeout: 3650d"}) {
    EXPECT_EQ(error_of_outbox(good), "") << good;
  }
  EXPECT_EQ(error_of_outbox(", poll: 0"),
            at + "46: cache.outboxes.shop.poll: \"0\" is out of range; write 1ms to 1h");
  EXPECT_EQ(error_of_outbox(", batch_rows: 10001"),
            at + "52: cache.outboxes.shop.batch_rows: \"10001\" is out of range; write 1 to 10000");
  EXPECT_EQ(error_of_outbox(", batch_rows: 0"),
            at + "52: cache.outboxes.shop.batch_rows: \"0\" is out of range; write 1 to 10000");
  EXPECT_EQ(error_of_outbox(", reader_timeout: 999ms"),
            at + "56: cache.outboxes.shop.reader_timeout: \"999ms\" is out of range; write 1s to "
                 "3650d");
  EXPECT_EQ(error_of_outbox(", busy_timeout: 61m"),
            at + "54: cache.outboxes.shop.busy_timeout: \"61m\" is out of range; write 0 to 1h");
  EXPECT_EQ(error_of("cache: {outboxes: {shop: {poll: 1s}}}\n"),
            at + "26: cache.outboxes.shop.database: is missing; it has no default");
  EXPECT_EQ(error_of("cache: {outboxes: {shop: {database: ''}}}\n"),
            at + "37: cache.outboxes.shop.database: is empty; write a text");
  EXPECT_EQ(error_of("cache: {outboxes: {Shop: {database: d}}}\n"),
            at + "20: cache.outboxes: reader \"Shop\" needs a name of 1 to 64 lower case letters, "
                 "digits, - and _");
  EXPECT_EQ(error_of("cache: {outboxes: [{database: d}]}\n"),
            at + "19: cache.outboxes: is a list; write `key: value` lines below it");
}

TEST(JournalSettings, EachHalfHasARange) {
  EXPECT_EQ(error_of("cache: {journal: {removals: 16777216, causes: 16777216}}\n"), "");
  EXPECT_EQ(error_of("cache: {journal: {removals: 16777217}}\n"),
            "f.yaml:1:29: cache.journal.removals: \"16777217\" is out of range; write 0 to "
            "16777216");
  EXPECT_EQ(error_of("cache: {journal: {causes: -1}}\n"),
            "f.yaml:1:27: cache.journal.causes: \"-1\" is out of range; write 0 to 16777216");
}

TEST(RuleSettings, TheyAreShown) {
  const Settings settings =
      parse(
          "cache:\n  types: {issue: {fields: [id]}}\n  rules:\n    two words: {on: [write issue], "
          "invalidate: ['issue:{id}']}\n  cascades:\n    c: {from: a, to: b, label: 'a:{id}'}\n"
          "  outboxes:\n    shop: {database: orders.db}\n")
          .value();
  std::vector<std::string> lines;
  for (const EffectiveSetting& setting : effective_settings(settings)) {
    const bool is_ours = setting.key.find(".types.") != std::string::npos ||
                         setting.key.find(".rules.") != std::string::npos ||
                         setting.key.find(".cascades.") != std::string::npos ||
                         setting.key.find(".outboxes.") != std::string::npos;
    if (is_ours) lines.push_back(setting.key + " = " + setting.value + ", " + setting.origin);
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "cache.types.issue.fields = [id], f.yaml:2",
                       "cache.rules.two words.on = [\"write issue\"], f.yaml:4",
                       "cache.rules.two words.when = \"\", default",
                       "cache.rules.two words.invalidate = [\"issue:{id}\"], f.yaml:4",
                       "cache.rules.two words.expire = [], default",
                       "cache.rules.two words.priority = 0, default",
                       "cache.rules.two words.enabled = true, default",
                       "cache.cascades.c.from = a, f.yaml:6", "cache.cascades.c.to = b, f.yaml:6",
                       "cache.cascades.c.label = \"a:{id}\", f.yaml:6",
                       "cache.outboxes.shop.database = orders.db, f.yaml:8",
                       "cache.outboxes.shop.poll = 100ms, default",
                       "cache.outboxes.shop.batch_rows = 1000, default",
                       "cache.outboxes.shop.busy_timeout = 2s, default",
                       "cache.outboxes.shop.reader_timeout = 7d, default",
                       "cache.outboxes.shop.enabled = true, default"}));
}

}  // namespace
}  // namespace strata
