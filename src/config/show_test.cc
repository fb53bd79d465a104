// Tests of what is shown of a configuration: effective values, origins, warnings, no secrets.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "strata/config/settings.h"

namespace strata {
namespace {

Settings parse(std::string_view text, std::map<std::string, std::string> variables = {}) {
  const auto settings =
      parse_settings(text, "f.yaml", [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      });
  return settings.value();
}

EffectiveSetting effective(const Settings& settings, std::string_view key) {
  for (const EffectiveSetting& setting : effective_settings(settings)) {
    if (setting.key == key) return setting;
  }
  ADD_FAILURE() << "no " << key;
  return {};
}

TEST(EffectiveSettings, EachSaysWhereItCameFrom) {
  const Settings settings = parse(
      "cache:\n  name: ${APP:-shop}\n  defaults:\n    ttl: 1h\n  keyspaces:\n"
      "    user: {keep_for: 1d}\n");
  EXPECT_EQ(effective(settings, "cache.name").value, "shop");
  EXPECT_EQ(effective(settings, "cache.name").origin, "f.yaml:2, from the default of APP");
  EXPECT_EQ(effective(settings, "cache.graceful").value, "true");
  EXPECT_EQ(effective(settings, "cache.graceful").origin, "default");
  EXPECT_EQ(effective(settings, "cache.keyspaces.user.keep_for").origin, "f.yaml:6");
  EXPECT_EQ(effective(settings, "cache.keyspaces.user.ttl").value, "1h");
  EXPECT_EQ(effective(settings, "cache.keyspaces.user.ttl").origin, "cache.defaults, f.yaml:4");
  EXPECT_EQ(effective(settings, "cache.keyspaces.user.stale_for").origin, "default");
}

TEST(EffectiveSettings, WhatIsShownCanBeReadBack) {
  const Settings first = parse(
      "cache:\n  sources:\n    a:\n      ttl: 1h30m\n      tags: ['x:{id}', \"b\"]\n"
      "      http: {url: 'https://h/{id}/{v}?a=$$1', params: {id: , v: '2'}, json_pointer: '/a b', "
      "absent_statuses: [404]}\n");
  std::string text = "cache: {sources: {a: {";
  std::string http = "http: {";
  for (const EffectiveSetting& setting : effective_settings(first)) {
    const std::string source = "cache.sources.a.";
    if (!setting.key.starts_with(source)) continue;
    const std::string name = setting.key.substr(source.size());
    const bool is_http = name.starts_with("http.");
    (is_http ? http : text) += name.substr(is_http ? 5 : 0) + ": " + setting.value + ", ";
  }
  const Settings second = parse(text + http + "}}}}");
  const auto shown_first = effective_settings(first);
  const auto shown_second = effective_settings(second);
  ASSERT_EQ(shown_first.size(), shown_second.size());
  for (std::size_t index = 0; index < shown_first.size(); ++index) {
    EXPECT_EQ(shown_first[index].key, shown_second[index].key);
    EXPECT_EQ(shown_first[index].value, shown_second[index].value);
  }
}

TEST(EffectiveSettings, SecretsAreRedacted) {
  const Settings settings =
      parse(R"(
cache:
  name: ${NAME_SECRET}
  sources:
    a:
      http:
        url: https://h/x?key=hunter2&b={b}&c={api_token}
        headers: {Authorization: hunter3, Accept: "${X}"}
        params: {b: 1, api_token: hunter4}
        user_agent: ${MY_API_KEY}
)",
            {{"NAME_SECRET", "hunter5"}, {"X", "hunter6"}, {"MY_API_KEY", "hunter7"}});
  for (const EffectiveSetting& setting : effective_settings(settings)) {
    EXPECT_EQ(setting.value.find("hunter"), std::string::npos) << setting.key;
    EXPECT_EQ(setting.origin.find("hunter"), std::string::npos) << setting.key;
  }
  EXPECT_EQ(effective(settings, "cache.name").value, "(redacted)");
  EXPECT_EQ(effective(settings, "cache.name").origin, "f.yaml:3, from environment NAME_SECRET");
  EXPECT_EQ(effective(settings, "cache.sources.a.http.headers").value,
            "{Authorization: \"(redacted)\", Accept: \"(redacted)\"}");
  EXPECT_EQ(effective(settings, "cache.sources.a.http.params").value,
            "{b: \"1\", api_token: \"(redacted)\"}");
}

TEST(SettingsWarnings, AnOrdinaryConfigurationHasNone) {
  EXPECT_EQ(settings_warnings(Settings()), std::vector<std::string>());
  EXPECT_EQ(settings_warnings(parse("cache: {defaults: {ttl: 2h}, keyspaces: {a: {ttl: never}}}")),
            std::vector<std::string>());
}

TEST(SettingsWarnings, UnusualTtlsAreNamedWhereTheyAreGiven) {
  const Settings settings = parse(
      "cache:\n  defaults: {ttl: 5ms}\n  keyspaces:\n    a: {ttl: 900d}\n    b: {}\n"
      "    c: {ttl: 0}\n    d: {ttl: 1s}\n    e: {ttl: 730d}\n");
  EXPECT_EQ(settings_warnings(settings),
            (std::vector<std::string>{
                "f.yaml:2:14: cache.defaults.ttl: 5ms is unusually short; is the unit right?",
                "f.yaml:4:9: cache.keyspaces.a.ttl: 900d is unusually long; is the unit right?"}));
}

TEST(SettingsWarnings, WhatHasNoEffectIsNamed) {
  EXPECT_EQ(settings_warnings(parse("cache: {memory: {enabled: false}, sqlite: {enabled: false}}")),
            std::vector<std::string>{"f.yaml:1:18: cache.memory.enabled: memory and sqlite are "
                                     "both off; every read goes to its source"});
  EXPECT_EQ(settings_warnings(parse("cache: {defaults: {soft_timeout: 1s}}")),
            std::vector<std::string>{"f.yaml:1:20: cache.defaults.soft_timeout: has no effect, "
                                     "since keep_for is 0: there is no kept value"});
  EXPECT_EQ(settings_warnings(parse(
                "cache: {keyspaces: {a: {keep_for: 1h, soft_timeout: 2s, hard_timeout: 1s}}}")),
            std::vector<std::string>{"f.yaml:1:39: cache.keyspaces.a.soft_timeout: has no effect, "
                                     "since hard_timeout is not longer"});
  EXPECT_EQ(settings_warnings(parse("cache: {defaults: {sensitive: true, tiers: [sqlite]}}")),
            std::vector<std::string>{"f.yaml:1:37: cache.defaults.tiers: no tier that is on may "
                                     "keep these values"});
  EXPECT_EQ(settings_warnings(parse("cache: {memory: {max_bytes: 64KiB}}")),
            std::vector<std::string>{"f.yaml: cache.defaults.max_value_bytes: is larger than "
                                     "cache.memory.max_bytes"});
  EXPECT_EQ(
      settings_warnings(parse("cache: {memory: {max_entries: 9, each_tenant: {max_entries: "
                              "10}, tenants: {a: {max_bytes: 2GiB}}}}")),
      (std::vector<std::string>{"f.yaml:1:48: cache.memory.each_tenant.max_entries: is larger "
                                "than cache.memory.max_entries",
                                "f.yaml:1:80: cache.memory.tenants.a.max_bytes: is larger "
                                "than cache.memory.max_bytes"}));
  EXPECT_EQ(settings_warnings(parse("cache: {defaults: {ttl: 1m, negative_ttl: 5m}}")),
            std::vector<std::string>{"f.yaml:1:29: cache.defaults.negative_ttl: 5m is longer than "
                                     "the ttl of 1m"});
}

std::vector<std::string> memory_warnings(const std::string& memory) {
  return settings_warnings(parse("cache:\n  memory: {" + memory + "}\n"));
}

TEST(SettingsWarnings, ACurveNeedsAPolicyThatHasOneAndMemory) {
  const std::vector<std::string> none;
  EXPECT_EQ(memory_warnings("curve: true"), none);
  EXPECT_EQ(memory_warnings("curve: true, policy: horizon"), none);
  EXPECT_EQ(memory_warnings("policy: lru"), none);
  EXPECT_EQ(memory_warnings("curve: true, policy: lru"),
            std::vector<std::string>{"f.yaml:2:12: cache.memory.curve: there is one with the "
                                     "policies horizon and adaptive only"});
  EXPECT_EQ(memory_warnings("curve: true, enabled: false"),
            std::vector<std::string>{
                "f.yaml:2:12: cache.memory.curve: has no effect, since enabled is false"});
}

TEST(SettingsWarnings, APressureNeedsMemory) {
  EXPECT_EQ(memory_warnings("pressure: 0.1"), std::vector<std::string>());
  EXPECT_EQ(memory_warnings("pressure: 0.1, enabled: false"),
            std::vector<std::string>{
                "f.yaml:2:12: cache.memory.pressure: has no effect, since enabled is false"});
}

TEST(SettingsWarnings, ShardsThatAreRoundedAreNamed) {
  EXPECT_EQ(memory_warnings("shards: 16"), std::vector<std::string>());
  EXPECT_EQ(
      memory_warnings("shards: 1000"),
      std::vector<std::string>{"f.yaml:2:12: cache.memory.shards: 1000 is not a power of two; "
                               "there will be 1024"});
}

TEST(SettingsWarnings, AQuotaInWhichNoEntryFitsIsNamed) {
  EXPECT_EQ(memory_warnings("each_tenant: {max_bytes: 512}, tenants: {a: {max_bytes: 0}}"),
            std::vector<std::string>());
  EXPECT_EQ(
      memory_warnings("tenants: {a: {max_bytes: 511}}"),
      std::vector<std::string>{"f.yaml:2:26: cache.memory.tenants.a.max_bytes: 511 bytes hold "
                               "hardly an entry, which takes some 210 beside its key and "
                               "value"});
}

TEST(SettingsWarnings, TheVariablesOfAValueAreNamed) {
  EXPECT_EQ(settings_warnings(parse("cache: {defaults: {ttl: '${CT}'}}", {{"CT", "5ms"}})),
            std::vector<std::string>{"f.yaml:1:20: cache.defaults.ttl: 5ms is unusually short; is "
                                     "the unit right? (from ${CT})"});
}

TEST(SettingsWarnings, ASecretParameterIsNamed) {
  const std::string expected =
      "cache.sources.a.http.params: a default that may be a secret becomes part of the keys, which "
      "are stored; write ${NAME} where it is needed instead";
  EXPECT_EQ(settings_warnings(parse("cache: {sources: {a: {http: {url: 'https://h/?k={k}', params: "
                                    "{k: '${API_KEY}'}}}}}",
                                    {{"API_KEY", "x"}})),
            std::vector<std::string>{"f.yaml:1:55: " + expected + " (from ${API_KEY})"});
  EXPECT_EQ(settings_warnings(parse("cache: {sources: {a: {http: {url: 'https://h/?k={token}', "
                                    "params: {token: x}}}}}")),
            std::vector<std::string>{"f.yaml:1:59: " + expected});
  EXPECT_EQ(settings_warnings(parse("cache: {sources: {a: {http: {url: 'https://h/?k={token}', "
                                    "params: {token: }}}}}")),
            std::vector<std::string>());
}

TEST(SettingsWarnings, AFileWithoutOurKeyIsRemarkedOn) {
  EXPECT_EQ(settings_warnings(parse("memory: {enabled: false}\n")),
            std::vector<std::string>{"f.yaml: has no key cache; every setting has its default"});
  EXPECT_EQ(settings_warnings(parse("")), std::vector<std::string>());
}

}  // namespace
}  // namespace strata
