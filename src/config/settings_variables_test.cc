// Tests of variables in configurations: what they may bring, and what is said of what they brought.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "strata/config/settings.h"

#include "config/test_settings.h"

namespace strata {
namespace {

TEST(SettingsVariables, VariablesAreReplacedInValuesOnly) {
  const Settings settings =
      parse("cache: {name: \"${NAME}-${STAGE:-dev}\", sqlite: {max_bytes: \"${SIZE}\"}}\n",
            {{"NAME", "shop"}, {"SIZE", "8MiB"}})
          .value();
  EXPECT_EQ(settings.name, "shop-dev");
  EXPECT_EQ(settings.sqlite.options.max_bytes, 8u << 20);
  EXPECT_NE(error_of("cache: {\"${NAME}\": x}\n", {{"NAME", "name"}}), "");
}

TEST(SettingsVariables, AnUndefinedVariableIsNamedWithItsKey) {
  EXPECT_EQ(
      error_of("cache:\n  name: ${APP_NAME}\n"),
      "f.yaml:2:9: cache.name: the variable APP_NAME is not set; set it in the environment or "
      "in .env, or write ${APP_NAME:-default}");
}

TEST(SettingsVariables, AnErrorNamesTheVariablesThatAValueWasMadeFrom) {
  EXPECT_EQ(error_of("cache: {sqlite: {readers: '${CT}'}}", {{"CT", "100"}}),
            "f.yaml:1:27: cache.sqlite.readers: \"100\" is out of range; write 1 to 64 (from "
            "${CT})");
  EXPECT_EQ(error_of("cache: {name: '${A} ${B:-b}'}", {{"A", "a"}}).substr(40),
            error_of("cache: {name: a b}").substr(40) + " (from ${A} and the default of ${B})");
  EXPECT_EQ(error_of("cache: {defaults: {tiers: [memory, '${T}']}}", {{"T", "disk"}}),
            "f.yaml:1:36: cache.defaults.tiers: \"disk\" is not one of: memory, sqlite (from "
            "${T})");
  EXPECT_EQ(error_of("cache: {sources: {a: {http: {url: 'https://${H}/x', params: {id: }}}}}",
                     {{"H", "h"}}),
            "f.yaml:1:23: cache.sources.a.http: source \"a\": url_template: does not use parameter "
            "\"id\" (with values from ${H})");
}

TEST(SettingsVariables, ABooleanOfAVariableMayBeWrittenAsVariablesAre) {
  for (const char* yes : {"true", "TRUE", "True", "1", "yes", "Yes", "YES"}) {
    EXPECT_TRUE(parse("cache: {sqlite: {enabled: '${X}'}}", {{"X", yes}}).value().sqlite.enabled);
  }
  for (const char* no : {"false", "FALSE", "0", "no", "No"}) {
    EXPECT_FALSE(parse("cache: {sqlite: {enabled: '${X}'}}", {{"X", no}}).value().sqlite.enabled);
  }
  for (const char* wrong : {"on", "2", "", " yes", "y", "truee"}) {
    EXPECT_NE(error_of("cache: {graceful: '${X}'}", {{"X", wrong}}), "") << wrong;
  }
  EXPECT_EQ(error_of("cache: {graceful: '${X:-yes}'}"),
            "f.yaml:1:19: cache.graceful: \"yes\" is not true or false; write true (from the "
            "default of ${X})")
      << "a default is written in YAML";
  EXPECT_NE(error_of("cache: {graceful: yes}"), "");
}

// What a variable brings is one scalar, whatever it looks like.
TEST(SettingsVariables, AVariableCannotAddKeys) {
  const std::string injected = "x\n  graceful: false\nlog: {level: debug}, \"#\": [";
  const Settings settings =
      parse("cache:\n  sqlite: {path: \"${P}\"}\n", {{"P", injected}}).value();
  EXPECT_EQ(settings.sqlite.options.path, injected);
  EXPECT_TRUE(settings.graceful);
  EXPECT_EQ(settings.log.level, LogThreshold::kWarning);
  EXPECT_EQ(parse("cache: {sqlite: {path: '${P}'}}", {{"P", "*a"}}).value().sqlite.options.path,
            "*a");
  EXPECT_EQ(
      error_of("cache: {graceful: '${P}'}", {{"P", "~"}}),
      "f.yaml:1:19: cache.graceful: \"~\" is not true or false; write true, 1, yes, or false, 0, "
      "no (from ${P})");
}

TEST(SettingsVariables, ASecretIsNotShownInAnError) {
  EXPECT_EQ(error_of("cache:\n  graceful: ${API_TOKEN}\n", {{"API_TOKEN", "hunter2"}}),
            "f.yaml:2:13: cache.graceful: the value is not true or false; write true, 1, yes, or "
            "false, 0, no (from ${API_TOKEN})");
  EXPECT_EQ(error_of("cache: {name: '${API_TOKEN}'}\n", {{"API_TOKEN", "hunter 2"}}),
            "f.yaml:1:15: cache.name: is refused; why is not shown, since it may be a secret (from "
            "${API_TOKEN})");
  EXPECT_EQ(error_of("cache: {sources: {a: {http: {url: 'https://h/', json_pointer: '${TOKEN}'}}}}",
                     {{"TOKEN", "hunter2"}}),
            "f.yaml:1:23: cache.sources.a.http: is refused; why is not shown, since it may be a "
            "secret (with values from ${TOKEN})");
  const std::string url_error =
      error_of("cache: {sources: {a: {http: {url: \"ht!tp://${DB_PASSWORD}\"}}}}\n",
               {{"DB_PASSWORD", "hunter2"}});
  EXPECT_NE(url_error, "");
  EXPECT_EQ(url_error.find("hunter2"), std::string::npos) << url_error;
}

}  // namespace
}  // namespace strata
