// Tests of configurations: what each key does, and the exact words for each way to err.
#include "strata/config/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/test_settings.h"

namespace strata {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Settings, NothingGivesTheDefaults) {
  for (const char* text : {"", "# nothing\n", "cache:\n", "cache: {}\n", "cache:\n  memory:\n"}) {
    const Settings settings = parse(text).value();
    EXPECT_EQ(settings.name, "cache");
    EXPECT_TRUE(settings.graceful);
    EXPECT_EQ(settings.memory.max_bytes, 256u << 20);
    EXPECT_TRUE(settings.sqlite.enabled);
    EXPECT_EQ(settings.sqlite.options.path, ".cache/strata.db");
    EXPECT_EQ(settings.defaults.ttl, minutes(5));
    EXPECT_TRUE(settings.origins.empty());
  }
}

TEST(Settings, EveryKindOfValueArrives) {
  const Settings settings = parse(R"(
cache:
  name: shop
  graceful: false
  log: {level: error}
  memory:
    enabled: false
    max_entries: 1000
    max_bytes: 64MiB
    curve: true
  sqlite:
    path: "/var/cache/shop.db"
    durability: power
    readers: 8
  defaults:
    ttl: 1h30m
    ttl_jitter: 0.1
    soft_timeout: 200ms
    hard_timeout: never
    tiers: [memory]
)")
                                .value();
  EXPECT_EQ(settings.name, "shop");
  EXPECT_FALSE(settings.graceful);
  EXPECT_EQ(settings.log.level, LogThreshold::kError);
  EXPECT_FALSE(settings.memory.enabled);
  EXPECT_TRUE(settings.memory.curve);
  EXPECT_EQ(settings.memory.max_entries, 1000u);
  EXPECT_EQ(settings.memory.max_bytes, 64u << 20);
  EXPECT_EQ(settings.sqlite.options.path, "/var/cache/shop.db");
  EXPECT_EQ(settings.sqlite.options.durability, Durability::kPower);
  EXPECT_EQ(settings.sqlite.options.readers, 8u);
  EXPECT_EQ(settings.defaults.ttl, minutes(90));
  EXPECT_DOUBLE_EQ(settings.defaults.ttl_jitter, 0.1);
  EXPECT_EQ(settings.defaults.soft_timeout, milliseconds(200));
  EXPECT_EQ(settings.defaults.hard_timeout, kForever);
  EXPECT_EQ(settings.defaults.tiers, std::vector<std::string>{"memory"});
  EXPECT_EQ(settings.origins.at("cache.sqlite.readers").line, 14u);
}

TEST(Settings, KeyspacesTakeOverTheDefaultsWhereverTheyStand) {
  const Settings settings = parse(R"(
cache:
  keyspaces:
    user: {ttl: 1h, type: person}
    page:
  defaults: {ttl: 10s, keep_for: 1d}
)")
                                .value();
  ASSERT_EQ(settings.keyspaces.size(), 2u);
  EXPECT_EQ(settings.keyspaces.at("user").ttl, hours(1));
  EXPECT_EQ(settings.keyspaces.at("user").keep_for, hours(24));
  EXPECT_EQ(settings.keyspaces.at("user").type, "person");
  EXPECT_EQ(settings.keyspaces.at("page").ttl, seconds(10));
}

TEST(Settings, SourcesHaveAPolicyTagsAndOneKind) {
  const Settings settings = parse(R"(
cache:
  sources:
    census:
      ttl: 365d
      tags: ["cbsa:{cbsa}"]
      http:
        url: https://api.census.gov/data/{year}/acs5?for={cbsa}
        params: {year: 2022, cbsa: }
        headers:
          Authorization: Bearer ${TOKEN}
        absent_statuses: [404]
        timeout: 3s
    users:
      sqlite:
        path: app.db
        query: SELECT * FROM user WHERE id = :id
        shape: row
  defaults: {ttl: 3m}
)",
                                  {{"TOKEN", "t0k"}})
                                .value();
  ASSERT_EQ(settings.sources.size(), 2u);
  const SourceSettings& census = settings.sources.at("census");
  EXPECT_EQ(census.cache.keyspace.ttl, 365 * hours(24));
  EXPECT_EQ(census.cache.tags, std::vector<std::string>{"cbsa:{cbsa}"});
  const auto& http = std::get<HttpOptions>(census.kind);
  EXPECT_EQ(http.name, "census");
  EXPECT_EQ(http.timeout, seconds(3));
  ASSERT_EQ(http.parameters.size(), 2u);
  EXPECT_FALSE(http.parameters[0].required);
  EXPECT_EQ(http.parameters[0].default_value, "2022");
  EXPECT_TRUE(http.parameters[1].required);
  ASSERT_EQ(http.headers.size(), 1u);
  EXPECT_EQ(http.headers[0].second, "Bearer t0k");
  EXPECT_EQ(http.absent_statuses, std::vector<int>{404});
  EXPECT_EQ(settings.sources.at("users").cache.keyspace.ttl, minutes(3)) << "as the defaults";
  const auto& query = std::get<SqliteQueryOptions>(settings.sources.at("users").kind);
  EXPECT_EQ(query.name, "users");
  EXPECT_EQ(query.sql, "SELECT * FROM user WHERE id = :id");
  EXPECT_EQ(query.shape, QueryShape::kRow);
}

TEST(Settings, ForeignSectionsAreLeftAlone) {
  const Settings settings = parse(R"(
database: {url: "${UNDEFINED}", url: twice}
cache: {name: shop}
other:
  - !whatever [1]
  - memory: yes
)")
                                .value();
  EXPECT_EQ(settings.name, "shop");
}

TEST(Settings, ATopLevelKeyThatIsNearlyOursIsAnError) {
  EXPECT_EQ(error_of("cahce: {name: x}\n"),
            "f.yaml:1:1: \"cahce\": is not a key that exists here, did you mean \"cache\"?");
  EXPECT_EQ(error_of("a: b\nCache:\n  name: x\n"),
            "f.yaml:2:1: \"Cache\": is not a key that exists here, did you mean \"cache\"?");
  EXPECT_EQ(error_of("cache: {name: x}\ncaches: {}\n"), "") << "ours is there: this one is foreign";
}

TEST(Settings, UnknownKeysSuggestTheNearest) {
  EXPECT_EQ(error_of("cache:\n  sqlite:\n    max_byte: 1GiB\n"),
            "f.yaml:3:5: cache.sqlite.max_byte: is not a key that exists here, did you mean "
            "\"max_bytes\"?");
  EXPECT_EQ(error_of("cache:\n  memroy: {}\n"),
            "f.yaml:2:3: cache.memroy: is not a key that exists here, did you mean \"memory\"?");
  EXPECT_EQ(error_of("cache:\n  log:\n    colour: red\n"),
            "f.yaml:3:5: cache.log.colour: is not a key that exists here; those that do are level");
  EXPECT_EQ(error_of("cache: {sources: {a: {htp: {url: x}}}}\n"),
            "f.yaml:1:19: cache.sources.a: says nothing of where values come from; write http or "
            "sqlite\nf.yaml:1:23: cache.sources.a.htp: is not a key that exists here, did you mean "
            "\"http\"?");
}

TEST(Settings, WrongTypesSayWhatToWrite) {
  EXPECT_EQ(error_of("cache:\n  sqlite:\n    max_bytes: 12 parsecs\n"),
            "f.yaml:3:16: cache.sqlite.max_bytes: \"12 parsecs\" is not a size; write bytes or a "
            "number with KiB, MiB or GiB, for example 512MiB");
  EXPECT_EQ(error_of("cache:\n  graceful: yes\n"),
            "f.yaml:2:13: cache.graceful: \"yes\" is not true or false; write true");
  EXPECT_EQ(error_of("cache:\n  sqlite: {readers: 100}\n"),
            "f.yaml:2:21: cache.sqlite.readers: \"100\" is out of range; write 1 to 64");
  EXPECT_EQ(
      error_of("cache: {defaults: {ttl: soon}}\n"),
      "f.yaml:1:25: cache.defaults.ttl: \"soon\" is not a duration; write a number with d, h, "
      "m, s or ms, or never, for example 1h30m");
  EXPECT_EQ(error_of("cache: {name: [a]}\n"),
            "f.yaml:1:15: cache.name: is a list; write a single value");
  EXPECT_EQ(error_of("cache: {name: {a: b}}\n"),
            "f.yaml:1:15: cache.name: has keys below it; write a single value");
  EXPECT_EQ(error_of("cache: {name: !x a}\n"),
            "f.yaml:1:15: cache.name: has a YAML tag; remove it");
  EXPECT_EQ(error_of("cache: {name: ~}\n"),
            "f.yaml:1:15: cache.name: has no value; write one, or remove the key");
  EXPECT_EQ(error_of("cache:\n  name:\n  memory: {}\n"),
            "f.yaml:2:3: cache.name: has no value; write one, or remove the key");
  EXPECT_EQ(error_of("cache: {name: a b}\n").substr(0, 30), "f.yaml:1:15: cache.name: the n");
  EXPECT_EQ(error_of("cache: {memory: 64MiB}\n"),
            "f.yaml:1:17: cache.memory: is the text \"64MiB\"; write `key: value` lines below it");
  EXPECT_EQ(error_of("cache: {memory: [a]}\n"),
            "f.yaml:1:17: cache.memory: is a list; write `key: value` lines below it");
  EXPECT_EQ(error_of("cache: {defaults: {tiers: memory}}\n"),
            "f.yaml:1:27: cache.defaults.tiers: is not a list; write [one, two], or one `- item` "
            "on each line");
  EXPECT_EQ(error_of("cache: {defaults: {tiers: [memory, sqlit]}}\n"),
            "f.yaml:1:36: cache.defaults.tiers: \"sqlit\" is not one of: memory, sqlite, did you "
            "mean \"sqlite\"?");
  EXPECT_EQ(error_of("cache: {? [a] : b}\n"), "f.yaml:1:11: cache: a key here is not a text");
}

TEST(Settings, TheRootMustBeAMap) {
  const std::string expected = "the file must be a map; begin it with `cache:`";
  EXPECT_EQ(error_of("cache\n"), "f.yaml:1:1: " + expected);
  EXPECT_EQ(error_of("- cache\n"), "f.yaml:1:1: " + expected);
  EXPECT_EQ(error_of("cache: 1\n"),
            "f.yaml:1:8: cache: is the text \"1\"; write `key: value` lines below it");
}

TEST(Settings, DuplicatesNameTheFirst) {
  EXPECT_EQ(error_of("cache:\n  name: a\n  graceful: true\n  name: b\n"),
            "f.yaml:4:3: cache.name: is given twice; the first is in line 2");
  EXPECT_EQ(error_of("cache: {}\ncache: {}\n"),
            "f.yaml:2:1: cache: is given twice; the first is in line 1");
  EXPECT_EQ(error_of("cache:\n  keyspaces:\n    a: {}\n    a: {}\n"),
            "f.yaml:4:5: cache.keyspaces.a: is given twice; the first is in line 3");
  EXPECT_EQ(error_of("cache:\n  sqlite: {}\n  sqlite: {}\n"),
            "f.yaml:3:3: cache.sqlite: is given twice; the first is in line 2");
}

TEST(Settings, QuotasOfTenantsAreRead) {
  const Settings settings =
      parse(
          "cache:\n  memory:\n    max_entries: 100\n    each_tenant: {max_bytes: 1MiB}\n"
          "    tenants:\n      acme: {max_entries: 50, max_bytes: 4MiB}\n      blue: {}\n")
          .value();
  EXPECT_EQ(settings.memory.max_entries, 100u);
  EXPECT_EQ(settings.memory.each_tenant, (TenantQuota{.max_bytes = 1u << 20}));
  ASSERT_EQ(settings.memory.tenants.size(), 2u);
  EXPECT_EQ(settings.memory.tenants.at("acme"),
            (TenantQuota{.max_entries = 50, .max_bytes = 4u << 20}));
  EXPECT_TRUE(settings.memory.tenants.at("blue").is_none());
  EXPECT_TRUE(settings.origins.contains("cache.memory.tenants.acme.max_bytes"));

  EXPECT_EQ(error_of("cache: {memory: {tenants: {acme: {max_entrees: 1}}}}\n"),
            "f.yaml:1:35: cache.memory.tenants.acme.max_entrees: is not a key that exists here, "
            "did you mean \"max_entries\"?");
  EXPECT_EQ(error_of("cache: {memory: {tenants: {a b: {}}}}\n"),
            "f.yaml:1:28: cache.memory.tenants: the name of tenant \"a b\" contains \" \"; allowed "
            "are A-Z a-z 0-9 _ . -");
  EXPECT_EQ(error_of("cache: {memory: {tenants: {'': {max_entries: 1}}}}\n"),
            "f.yaml:1:28: cache.memory.tenants: the tenant has no name; write one");
  EXPECT_EQ(error_of("cache: {memory: {each_tenant: 5}}\n"),
            "f.yaml:1:31: cache.memory.each_tenant: is the text \"5\"; write `key: value` lines "
            "below it");
  std::string many = "cache:\n  memory:\n    tenants:\n";
  for (int i = 0; i < 65; ++i) many += "      t" + std::to_string(i) + ": {max_entries: 1}\n";
  EXPECT_EQ(error_of(many),
            "f.yaml:3:5: cache.memory.tenants: 65 tenants have quotas by name; at most 64 may "
            "(kNamedTenants), and each_tenant gives one to all others");
}

TEST(Settings, ANameIsNotEmpty) {
  EXPECT_EQ(error_of("cache: {keyspaces: {'': {}}}\n"),
            "f.yaml:1:21: cache.keyspaces: the keyspace has no name; write one");
  EXPECT_EQ(error_of("cache: {types: {'': [a]}}\n"),
            "f.yaml:1:17: cache.types: the type has no name; write one");
  EXPECT_EQ(error_of("cache: {'': 1}\n"), "f.yaml:1:9: cache: the key has no name; write one");
}

TEST(Settings, SourcesAreChecked) {
  EXPECT_EQ(error_of("cache: {sources: {a: {ttl: 1h}}}\n"),
            "f.yaml:1:19: cache.sources.a: says nothing of where values come from; write http or "
            "sqlite");
  EXPECT_EQ(error_of("cache: {sources: {a: {http: {timeout: 1s}}}}\n"),
            "f.yaml:1:29: cache.sources.a.http.url: is missing; it has no default");
  EXPECT_EQ(error_of("cache:\n  sources:\n    a:\n      http: {url: https://h/x}\n"
                     "      sqlite: {path: p, query: q}\n"),
            "f.yaml:3:5: cache.sources.a: has http and sqlite; write one of them");
  EXPECT_EQ(error_of("cache:\n  keyspaces: {a: {}}\n  sources: {a: {http: {url: https://h/x}}}\n"),
            "f.yaml:3:13: cache.sources.a: has the name of a keyspace; a source has a keyspace of "
            "its own name, so write its policy here or rename one of them");
  EXPECT_NE(error_of("cache: {sources: {a: {http: {url: 'ftp://h/x'}}}}\n"), "");
  EXPECT_NE(error_of("cache: {sources: {'a b': {http: {url: https://h/x}}}}\n"), "");
  EXPECT_NE(error_of("cache: {keyspaces: {'': {}}}\n"), "");
}

TEST(Settings, TagsNameParametersOfTheirSource) {
  const std::string http = "http: {url: 'https://h/{id}'}}}}\n";
  EXPECT_EQ(error_of("cache: {sources: {a: {tags: ['user:{id}', all], " + http), "");
  EXPECT_EQ(error_of("cache: {sources: {a: {tags: ['user:{idd}'], " + http),
            "f.yaml:1:29: cache.sources.a.tags: \"user:{idd}\" names \"idd\", which is not a "
            "parameter of this source, did you mean \"id\"?");
  EXPECT_EQ(error_of("cache: {sources: {a: {tags: ['user:{id'], " + http),
            "f.yaml:1:29: cache.sources.a.tags: \"user:{id\" has a { without }");
  EXPECT_EQ(error_of("cache: {sources: {a: {tags: ['u:{id}'], sqlite: {path: p, query: "
                     "\"SELECT ':x' AS \\\"a:y\\\" -- :z\\nFROM t /* :w */ WHERE i = :id\"}}}}\n"),
            "");
  EXPECT_NE(error_of("cache: {sources: {a: {tags: ['u:{x}'], sqlite: {path: p, query: "
                     "\"SELECT ':x' FROM t WHERE i = :id\"}}}}\n"),
            "");
}

TEST(Settings, AnAddressIsCheckedWithItsOptions) {
  EXPECT_EQ(error_of("cache: {sources: {a: {http: {url: 'https://h/x', params: {id: }}}}}\n"),
            "f.yaml:1:23: cache.sources.a.http: source \"a\": url_template: does not use parameter "
            "\"id\"");
  const std::string forged = error_of(
      "cache: {sources: {a: {http: {url: 'https://h/x', headers: {Accept: '${TOKEN}'}}}}}\n",
      {{"TOKEN", "hunter2\nX-Other: 1"}});
  EXPECT_NE(forged, "");
  EXPECT_EQ(forged.find("hunter2"), std::string::npos) << forged;
}

TEST(Settings, SeveralProblemsAreReportedInTheOrderOfTheText) {
  EXPECT_EQ(error_of("cache:\n  keyspaces: {a: {ttl: x1}}\n  graceful: 7\n  nmae: x\n"
                     "  defaults: {sensitive: on}\n"),
            "f.yaml:2:24: cache.keyspaces.a.ttl: \"x1\" is not a duration; write a number with d, "
            "h, m, s or ms, or never, for example 1h30m\n"
            "f.yaml:3:13: cache.graceful: \"7\" is not true or false; write true or false\n"
            "f.yaml:4:3: cache.nmae: is not a key that exists here, did you mean \"name\"?\n"
            "f.yaml:5:25: cache.defaults.sensitive: \"on\" is not true or false; write true");
}

TEST(Settings, AtMostTwentyProblemsAreShown) {
  std::string text = "cache:\n";
  for (int key = 0; key < 25; ++key) text += "  unknown" + std::to_string(key) + ": 1\n";
  const std::string error = error_of(text);
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 20);
  EXPECT_TRUE(error.ends_with("\nand 5 more")) << error;
  EXPECT_NE(error.find("unknown19"), std::string::npos);
  EXPECT_EQ(error.find("unknown20"), std::string::npos);
}

TEST(Settings, AKeyCannotForgeALineOfTheMessage) {
  const std::string error = error_of("cache:\n  \"a\\nf.yaml:1:1: b\": 1\n");
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

TEST(Settings, LinesMayEndAsOnWindows) {
  const Settings settings = parse("cache:\r\n  name: shop\r\n  graceful: false\r\n").value();
  EXPECT_EQ(settings.name, "shop");
  EXPECT_FALSE(settings.graceful);
  EXPECT_EQ(settings.origins.at("cache.graceful").line, 3u);
}

TEST(Settings, MergeKeysSayWhatToDoInstead) {
  EXPECT_EQ(
      error_of("x: &x {ttl: 1h}\ncache:\n  defaults:\n    <<: *x\n"),
      "f.yaml:4:5: cache.defaults.<<: merge keys are not read; write the keys, or put what is "
      "common to all under cache.defaults");
}

TEST(Settings, ASectionThatIsNoMapIsOneProblem) {
  EXPECT_EQ(error_of("cache: {sources: {a: {http: x}}}"),
            "f.yaml:1:29: cache.sources.a.http: is the text \"x\"; write `key: value` lines below "
            "it");
}

TEST(Settings, AnyNumberOfProblemsIsCountedButNotKept) {
  std::string text = "cache:\n";
  for (int key = 0; key < 5000; ++key) text += "  k" + std::to_string(key) + ": 1\n";
  EXPECT_TRUE(error_of(text).ends_with("\nand 4980 more"));
}

TEST(Settings, AliasesMayBringValues) {
  const Settings settings = parse("x: &long 7d\ncache: {defaults: {ttl: *long}}\n").value();
  EXPECT_EQ(settings.defaults.ttl, 7 * hours(24));
}

}  // namespace
}  // namespace strata
