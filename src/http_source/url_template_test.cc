#include "http_source/url_template.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http_source/transfer.h"
#include "strata/http_source/http_source.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

std::string expanded(const std::string& text, const Params& params) {
  const Result<ExpandedUrl> url = UrlTemplate::parse(text).value().expand(params);
  return url ? url->url : "error: " + url.error().message;
}

TEST(UrlTemplate, PlaceholdersAreReplaced) {
  EXPECT_EQ(expanded("http://host:81/a/{x}/b-{y}.json?q={x}&{y}=1", {{"y", "2"}, {"x", "1"}}),
            "http://host:81/a/1/b-2.json?q=1&2=1");
  EXPECT_EQ(expanded("HTTPS://host", {}), "HTTPS://host");
  EXPECT_EQ(expanded("http://host?{x}", {{"x", "a?b/c"}}), "http://host?a%3Fb%2Fc");
}

TEST(UrlTemplate, NamesAreToldOnce) {
  const UrlTemplate url = UrlTemplate::parse("http://h/{b}/{a}?{b}={c.d-e_1}").value();
  EXPECT_EQ(url.names(), (std::vector<std::string>{"b", "a", "c.d-e_1"}));
}

TEST(UrlTemplate, EverythingButUnreservedCharactersIsEncoded) {
  std::string all;
  for (int byte = 1; byte < 256; ++byte) {
    if (byte != '\r' && byte != '\n') all += static_cast<char>(byte);
  }
  const std::string url = expanded("http://host/?q={all}", {{"all", all}});
  const std::string query = url.substr(std::string("http://host/?q=").size());
  EXPECT_EQ(query.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-._~%"),
            std::string::npos);
  EXPECT_EQ(query.substr(query.size() - 12), "%FC%FD%FE%FF");
  EXPECT_EQ(expanded("http://host/{x}", {{"x", "a-Z_0.9~"}}), "http://host/a-Z_0.9~");
}

TEST(UrlTemplate, PlaceholdersStandOnlyInPathAndQuery) {
  for (const char* text : {"{s}://host/", "http{s}://host/", "http://{h}/", "http://host:{p}/",
                           "http://{u}:{p}@host/", "http://host{h}", "http://a.{h}/x", "{url}"}) {
    EXPECT_FALSE(UrlTemplate::parse(text).ok()) << text;
  }
}

TEST(UrlTemplate, OnlyHttpAndHttpsAreSchemes) {
  for (const char* text : {"", "/path", "host/path", "file:///etc/passwd", "ftp://host/", "http:/x",
                           "http:", "gopher://host/", "http//host", "javascript:x", "httpx://h/"}) {
    EXPECT_FALSE(UrlTemplate::parse(text).ok()) << text;
  }
}

TEST(UrlTemplate, MalformedTextIsRejected) {
  for (const char* text : {"http://host/{",
                           "http://host/{a",
                           "http://host/}",
                           "http://host/{}",
                           "http://host/{a b}",
                           "http://host/{a{b}}",
                           "http://host/a b",
                           "http://host/\xC3\xA9",
                           "http://host/a\nb",
                           "http://host/#x",
                           "http://host/a\\b",
                           "http://host/%",
                           "http://host/%4",
                           "http://host/%zz",
                           "http:///x",
                           "http://?x",
                           "http://host/..",
                           "http://host/a/./b",
                           "http://host/%2e%2E/x",
                           "http://host/a/..?x",
                           "http://host/%2F..%2F"}) {
    EXPECT_FALSE(UrlTemplate::parse(text).ok()) << text;
  }
}

// Otherwise a value could finish what the template began: "%2" and "e" make a dot.
TEST(UrlTemplate, AValueCannotFinishACode) {
  EXPECT_FALSE(UrlTemplate::parse("http://host/%2{x}%2{x}/").ok());
  EXPECT_FALSE(UrlTemplate::parse("http://host/%{x}").ok());
  EXPECT_EQ(expanded("http://host/%25{x}", {{"x", "2e"}}), "http://host/%252e");
}

TEST(UrlTemplate, NoSegmentBecomesADot) {
  for (const char* value : {".", "..", "../x", "x/..", "x/../y", "..\\x", "x\\..", "./x"}) {
    EXPECT_TRUE(expanded("http://host/a/{x}/b", {{"x", value}}).starts_with("error")) << value;
    EXPECT_FALSE(expanded("http://host/a?x={x}", {{"x", value}}).starts_with("error")) << value;
  }
  EXPECT_TRUE(expanded("http://host/{x}{y}", {{"x", "."}, {"y", "."}}).starts_with("error"));
  EXPECT_TRUE(expanded("http://host/.{x}", {{"x", "."}}).starts_with("error"));
  for (const char* value : {"...", "..x", ".x", "x..", "x.y", "a/b"}) {
    EXPECT_FALSE(expanded("http://host/{x}", {{"x", value}}).starts_with("error")) << value;
  }
}

TEST(UrlTemplate, AnEmptyValueHasNoPlaceInThePath) {
  EXPECT_TRUE(expanded("http://host/user/{x}", {{"x", ""}}).starts_with("error"));
  EXPECT_EQ(expanded("http://host/?x={x}", {{"x", ""}}), "http://host/?x=");
}

TEST(UrlTemplate, LineEndsAndNulAreRefused) {
  for (const std::string& value : {std::string("a\r"), std::string("a\n"), std::string("\0", 1)}) {
    EXPECT_TRUE(expanded("http://host/?x={x}", {{"x", value}}).starts_with("error"));
  }
}

TEST(UrlTemplate, TheUrlHasALimit) {
  const std::string text = "http://host/?x={x}";
  const std::size_t room = kHttpUrlBytes - (text.size() - 3);
  EXPECT_FALSE(expanded(text, {{"x", std::string(room, 'a')}}).starts_with("error"));
  EXPECT_TRUE(expanded(text, {{"x", std::string(room + 1, 'a')}}).starts_with("error"));
}

TEST(UrlTemplate, MessagesGetTheTemplateAndNoValues) {
  const UrlTemplate url =
      UrlTemplate::parse("https://me:hunter4@host:81/{id}/{api_key}?a={city}&key=hunter5&b=%68x")
          .value();
  const ExpandedUrl expanded =
      url.expand({{"id", "7"}, {"city", "hunter"}, {"api_key", "pw/1"}}).value();
  EXPECT_EQ(expanded.printable, "https://***@host:81/{id}/{api_key}?a={city}&key=***&b=***");
  EXPECT_EQ(expanded.secrets,
            (std::vector<std::string>{"hunter5", "hunter5", "pw/1", "pw%2F1", "hunter", "hunter"}));
}

// Whatever the values are: the URL has the origin of its template, and as many segments and
// query fields.
TEST(UrlTemplate, NoValueChangesTheShapeOfTheUrl) {
  const std::vector<std::string> parts{
      "/", "//", "\\",   "..",       ".",   "@",       ":",     "?",
      "#", "&",  "=",    ";",        "%",   "%2f",     "%00",   "evil.example",
      " ", "\t", "\x7F", "\xC3\xA9", "{x}", "http://", "[::1]", "a"};
  const UrlTemplate url = UrlTemplate::parse("http://host:8080/a/{x}/b/{y}?p={x}&q={y}").value();
  const auto count = [](const std::string& text, char c) {
    return std::count(text.begin(), text.end(), c);
  };
  int accepted = 0;
  testkit::for_each_seed(20, [&](testkit::Random& random) {
    const auto value = [&] {
      std::string text;
      for (std::uint64_t left = random.between(1, 4); left > 0; --left) {
        text += parts[random.below(parts.size())];
      }
      return text;
    };
    for (int round = 0; round < 200; ++round) {
      const Params params{{"x", value()}, {"y", value()}};
      const Result<ExpandedUrl> result = url.expand(params);
      if (!result) continue;
      ++accepted;
      ASSERT_TRUE(check_url(result->url).ok()) << result->url;
      ASSERT_TRUE(is_same_origin("http://host:8080/", result->url)) << result->url;
      ASSERT_EQ(count(result->url, '/'), 6) << result->url;
      ASSERT_EQ(count(result->url, '&'), 1) << result->url;
      ASSERT_EQ(count(result->url, '?'), 1) << result->url;
      ASSERT_EQ(count(result->url, '='), 2) << result->url;
      ASSERT_EQ(count(result->url, '#'), 0) << result->url;
    }
  });
  EXPECT_GT(accepted, 500);
}

TEST(Origin, IsSchemeHostAndPort) {
  EXPECT_TRUE(is_same_origin("http://host/a", "HTTP://HOST:80/b?c"));
  EXPECT_TRUE(is_same_origin("https://host:443/", "https://host"));
  for (const char* other : {"https://host/", "http://host:81/", "http://host.example/",
                            "http://user@other/", "file:///host", "/a", ""}) {
    EXPECT_FALSE(is_same_origin("http://host/", other)) << other;
  }
}

}  // namespace
}  // namespace strata
