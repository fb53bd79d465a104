#include "http_source/printable_url.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

UrlPiece text(const std::string& text) { return {.text = text, .is_placeholder = false}; }
UrlPiece placeholder(const std::string& name) { return {.text = name, .is_placeholder = true}; }

std::string shown(const std::vector<UrlPiece>& pieces) { return printable_template(pieces).text; }
std::string shown(const std::string& url) { return shown(std::vector<UrlPiece>{text(url)}); }

TEST(PrintableUrl, TheTemplateIsShownWithoutTheTextOfItsQuery) {
  EXPECT_EQ(shown("HTTPS://host"), "HTTPS://host");
  EXPECT_EQ(shown("http://host:81/data/2022?get=NAME&for=us&a=&b"),
            "http://host:81/data/2022?get=***&for=***&a=&***");
  EXPECT_EQ(shown("http://host?hunter2"), "http://host?***");
  EXPECT_EQ(shown("http://host/?a=b=c&=d&&;e=f?g"), "http://host/?a=***&=***&&;e=***");
  EXPECT_EQ(shown("http://me:hunter2@host/a@b?c=@d"), "http://***@host/a@b?c=***");
}

TEST(PrintableUrl, PlaceholdersKeepTheirPlaces) {
  EXPECT_EQ(
      shown({text("http://h/"), placeholder("year"), text("/x-"), placeholder("id"),
             text(".json?for=cbsa:"), placeholder("cbsa"), text(",hunter&key="), placeholder("key"),
             text("&q"), placeholder("x"), text("=1&f="), placeholder("y"), text("z=hunter")}),
      "http://h/{year}/x-{id}.json?for=***{cbsa}***&key={key}&***{x}=***&f={y}***");
  EXPECT_EQ(shown({text("http://h?"), placeholder("x")}), "http://h?{x}");
}

TEST(PrintableUrl, WhatMayBeATokenIsHiddenInThePath) {
  EXPECT_EQ(shown("https://h/bot123456:ABC-DEF1234ghIkl/send"), "https://h/***/send");
  EXPECT_EQ(shown("https://h/services/T0001/B0002/abcdefgh1jklmnop"),
            "https://h/services/T0001/B0002/***");
  EXPECT_EQ(shown({text("https://h/v1/0123456789abcdef"), placeholder("x"), text("/a")}),
            "https://h/v1/***{x}/a");
  EXPECT_EQ(shown("https://h/v1/0123456789abcde/american-community-survey/"),
            "https://h/v1/0123456789abcde/american-community-survey/");
}

TEST(PrintableUrl, TheTextOfValuesIsTold) {
  EXPECT_EQ(printable_template({text("http://h/a?b=c&d="), placeholder("x"), text("e&f&g=")})
                .hidden_values,
            (std::vector<std::string>{"c", "e", "f"}));
}

TEST(PrintableUrl, ARedirectRepeatsNoSecret) {
  EXPECT_EQ(printable_redirect("http://me:pw@host:81/login?next=/x&sig=1", {}),
            "http://***@host:81/login?next=***&sig=***");
  EXPECT_EQ(printable_redirect("http://host/abc/ab/abcd#abc=1", {"", "ab", "abcd", "abc"}),
            "http://host/***/***/***#***=***");
  EXPECT_EQ(printable_redirect("http://host/#access_token=x", {}), "http://host/#access_token=***");
  EXPECT_EQ(printable_redirect("/a?b=c://d", {}), "/a?b=***");
  EXPECT_EQ(printable_redirect("", {}), "");
  EXPECT_EQ(printable_redirect("http://host/{x}?y={z}", {}), "http://host/{x}?y=***");
}

TEST(PrintableUrl, MessagesStayReadable) {
  EXPECT_EQ(printable_redirect("http://host/\n\xFF?x\t=1", {}), "http://host/???x?=***");
  EXPECT_LT(printable_redirect("http://host/" + std::string(10'000, 'x'), {}).size(), 400u);
  EXPECT_LT(redact_url("http://host/" + std::string(10'000, 'x')).size(), 400u);
}

TEST(PrintableUrl, WhoWroteAUrlSeesMoreOfIt) {
  EXPECT_EQ(redact_url("http://a@b@host/x?sig=1&x=2;client_secret=3&auth=&y"),
            "http://***@host/x?sig=***&x=2;client_secret=***&auth=***&y");
  EXPECT_EQ(redact_url("http://host/a@b?c=@d"), "http://host/a@b?c=@d");
  EXPECT_EQ(redact_url("http://host/\n?x=\xFF"), "http://host/??x=?");
}

TEST(PrintableUrl, NamesOfSecretsAreKnown) {
  for (const char* name : {"token", "apiKey", "X-Secret", "passwd", "AUTH", "credentials",
                           "signature", "session_id"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"year", "id", "q", "page"}) EXPECT_FALSE(is_secret_name(name)) << name;
}

// However the query is cut into text and placeholders: none of its values is shown.
TEST(PrintableUrl, NoTextOfAValueIsEverShown) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    for (int round = 0; round < 100; ++round) {
      std::vector<UrlPiece> pieces{text("http://host/a?n=")};
      for (std::uint64_t left = random.below(6); left > 0; --left) {
        pieces.push_back(random.one_in(2) ? placeholder("p") : text(random.text(1, 8, "Q?/@:;#")));
        if (random.one_in(3)) pieces.push_back(text("&n="));
      }
      ASSERT_EQ(shown(pieces).find('Q'), std::string::npos) << shown(pieces);
    }
  });
}

}  // namespace
}  // namespace strata
