// Tests of canonical keys.
#include "strata/core/key.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/escape.h"
#include "core/hash.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

std::string message_of(const Result<Key>& key) { return key ? "" : key.error().message; }

TEST(Key, ParametersAreSortedByName) {
  const Key key = Key::make({.keyspace = "census",
                             .params = {{"year", "2022"}, {"dataset", "acs5"}, {"cbsa", "14500"}}})
                      .value();
  EXPECT_EQ(key.text(), "1:census:::cbsa=14500&dataset=acs5&year=2022");
  EXPECT_EQ(key.long_params(), "");
  EXPECT_EQ(key.hash(), internal::hash64(key.text()));
  EXPECT_EQ(key_hash(key.text()), key.hash());
}

TEST(Key, EveryComponentHasItsPlace) {
  const Key key = Key::make({.version = "2",
                             .keyspace = "user",
                             .kind = "profile",
                             .identifier = "42",
                             .params = {{"lang", "en"}}})
                      .value();
  EXPECT_EQ(key.text(), "2:user:profile:42:lang=en");
  EXPECT_EQ(key.keyspace(), "user");
  EXPECT_EQ(key.ref().text, key.text());
  EXPECT_EQ(Key::make({.keyspace = "user", .identifier = "42"})->text(), "1:user::42:");
}

TEST(Key, WhatCouldBeMistakenForASeparatorIsEscaped) {
  const Key key = Key::make({.keyspace = "k",
                             .kind = "a:b",
                             .identifier = "50%",
                             .params = {{"q", "x=1&y=2"}, {"n&m", "\xc3\xa9\n"}}})
                      .value();
  EXPECT_EQ(key.text(), "1:k:a%3Ab:50%25:n%26m=%C3%A9%0A&q=x%3D1%26y%3D2");
}

Params params_of_size(std::size_t escaped_bytes) {
  return {{"p", std::string(escaped_bytes - 2, 'v')}};
}

TEST(Key, TwoHundredBytesOfParametersAreLiteral) {
  const Key key = Key::make({.keyspace = "k", .params = params_of_size(200)}).value();
  EXPECT_EQ(key.text(), "1:k:::p=" + std::string(198, 'v'));
  EXPECT_EQ(key.long_params(), "");
}

TEST(Key, OneByteMoreIsHashedAndKeptBeside) {
  const Key key = Key::make({.keyspace = "k", .params = params_of_size(201)}).value();
  const std::string params = "p=" + std::string(199, 'v');
  EXPECT_EQ(key.long_params(), params);
  EXPECT_EQ(key.text(), "1:k:::#" + internal::hash128_hex(params));
  EXPECT_EQ(key.text().size(), 6u + 1 + 32);
  EXPECT_EQ(key.ref().long_params, params);
}

// It is the size after escaping that decides.
TEST(Key, EscapesCountTowardsTheLimit) {
  const std::string colons(67, ':');  // 201 bytes when escaped
  EXPECT_NE(Key::make({.keyspace = "k", .params = {{"p", colons}}})->long_params(), "");
}

TEST(Key, CollidingHashesOfDifferentParametersAreDifferentKeys) {
  const Key key = Key::make({.keyspace = "k", .params = params_of_size(300)}).value();
  const Key same = Key::make({.keyspace = "k", .params = params_of_size(300)}).value();
  EXPECT_EQ(key, same);
  // No collision of XXH3-128 is known, so parse() is asked for one and says that it is none.
  const Result<Key> forged = Key::parse(key.text(), "p=" + std::string(298, 'w'));
  EXPECT_FALSE(forged.ok());
  const KeyRef collided{key.text(), key.hash(), "p=other"};
  EXPECT_NE(collided.long_params, key.ref().long_params);
}

TEST(Key, RefusesWhatHasNoCanonicalForm) {
  const std::vector<std::pair<KeyParts, std::string>> cases{
      {{.keyspace = ""}, "the keyspace has no name"},
      {{.keyspace = "a b"}, "contains \" \"; allowed are A-Z a-z 0-9 _ . -"},
      {{.keyspace = "a:b"}, "contains \":\""},
      {{.keyspace = "\xc3\xa9"}, "contains \"\\xc3\""},
      {{.keyspace = std::string(65, 'k')}, "has 65 bytes; the limit is 64"},
      {{.keyspace = "k", .params = {{"", "v"}}}, "has no name (its value is \"v\")"},
      {{.keyspace = "k", .params = {{"a", "1"}, {"b", "2"}, {"a", "1"}}},
       "parameter \"a\" of the key is given twice"},
      {{.keyspace = "k", .identifier = std::string(1019, 'i')}, "has 1025 bytes; the limit is"},
      {{.keyspace = "k", .params = params_of_size(65'537)}, "exceed 65536 bytes"},
      {{.keyspace = "k", .params = {{"p", std::string(30'000, ':')}}}, "exceed 65536 bytes"}};
  for (const auto& [parts, reason] : cases) {
    const Result<Key> key = Key::make(parts);
    ASSERT_FALSE(key.ok()) << reason;
    EXPECT_EQ(key.error().code, ErrorCode::kRejected);
    EXPECT_NE(key.error().message.find(reason), std::string::npos) << key.error().message;
  }
}

TEST(Key, AcceptsWhatIsJustWithinTheLimits) {
  EXPECT_EQ(message_of(Key::make({.keyspace = std::string(64, 'k')})), "");
  EXPECT_EQ(Key::make({.keyspace = "k", .identifier = std::string(1018, 'i')})->text().size(),
            1024u);
  EXPECT_EQ(message_of(Key::make({.keyspace = "k", .params = params_of_size(65'536)})), "");
  EXPECT_EQ(message_of(Key::make({.keyspace = "k", .params = {{"p", ""}}})), "");
}

TEST(KeyParse, RefusesWhatMakeCannotHaveWritten) {
  const std::string hashed = Key::make({.keyspace = "k", .params = params_of_size(300)})->text();
  const std::string long_params = "p=" + std::string(298, 'v');
  EXPECT_EQ(message_of(Key::parse(hashed, long_params)), "");

  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""},
      {"1:k::", ""},
      {"k", ""},
      {"1::::", ""},          // no keyspace
      {"1:k:::a:b", ""},      // a separator too many
      {"1:k:::a", ""},        // no value
      {"1:k:::=v", ""},       // no name
      {"1:k:::b=1&a=2", ""},  // not sorted
      {"1:k:::a=1&a=2", ""},  // twice
      {"1:k:::a=1&", ""},     // a separator at the end
      {"1:k:::a=1&&b=2", ""},
      {"1:k:::a=1=2", ""},
      {"1:k::%3a:", ""},  // lower-case escape
      {"1:k::%41:", ""},  // an escape that is not needed
      {"1:k::%4:", ""},
      {"1:k::%:", ""},
      {"1:k::%GG:", ""},
      {"1:k::\n:", ""},  // not escaped
      {"1:k\xc3\xa9:::", ""},
      {"1:k:::p=" + std::string(199, 'v'), ""},  // long enough to be hashed
      {hashed, ""},
      {hashed, "p=" + std::string(297, 'v')},  // not those
      {hashed, "p=v"},                         // short enough to be literal
      {hashed.substr(0, hashed.size() - 1), long_params},
      {"1:k::x:", "p=v"},  // given without a hash
      {"1:k:::#zz" + std::string(30, '0'), long_params},
      {std::string(1025, 'x'), ""},
      {hashed, std::string(65'537, 'v')}};
  for (const auto& [text, params] : cases) {
    const Result<Key> parsed = Key::parse(text, params);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kRejected);
  }
}

// Parts with many separators, escapes and sizes around the threshold.
KeyParts any_parts(testkit::Random& random) {
  constexpr std::string_view kNasty = "ab:&=%# ~\n\x80\xff";
  KeyParts parts{.version = random.text(0, 2, "12:"),
                 .keyspace = random.text(1, 3, "kK_.-9"),
                 .kind = random.text(0, 4, kNasty),
                 .identifier = random.text(0, 8, kNasty),
                 .params = {}};
  std::map<std::string, std::string> params;
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    params[random.text(1, 3, kNasty)] = random.text(0, random.one_in(3) ? 90 : 3, kNasty);
  }
  parts.params.assign(params.begin(), params.end());
  return parts;
}

TEST(KeyParse, ReadsBackWhatMakeWrites) {
  testkit::for_each_seed(3'000, [](testkit::Random& random) {
    const KeyParts parts = any_parts(random);
    const Key key = Key::make(parts).value();
    const Result<Key> back = Key::parse(key.text(), key.long_params());
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(*back, key);
    ASSERT_EQ(back->hash(), key.hash());
    const KeyParts again = back->parts();
    ASSERT_EQ(again.version, parts.version);
    ASSERT_EQ(again.keyspace, parts.keyspace);
    ASSERT_EQ(again.kind, parts.kind);
    ASSERT_EQ(again.identifier, parts.identifier);
    ASSERT_EQ(again.params, parts.params) << "sorted by name, as they were";
  });
}

TEST(Key, TheOrderOfParametersDoesNotMatter) {
  testkit::for_each_seed(500, [](testkit::Random& random) {
    KeyParts parts = any_parts(random);
    const Key key = Key::make(parts).value();
    for (std::size_t at = parts.params.size(); at > 1; --at) {
      std::swap(parts.params[at - 1], parts.params[random.below(at)]);
    }
    ASSERT_EQ(Key::make(parts).value(), key);
  });
}

TEST(Key, DifferentRequestsNeverShareAText) {
  std::map<std::string, std::string> seen;  // from text to an unambiguous spelling of the parts
  testkit::for_each_seed(5'000, [&](testkit::Random& random) {
    const KeyParts parts = any_parts(random);
    std::string spelling;
    const auto spell = [&](const std::string& part) {
      spelling += std::to_string(part.size()) + "/" + part;
    };
    for (const std::string* part :
         {&parts.version, &parts.keyspace, &parts.kind, &parts.identifier}) {
      spell(*part);
    }
    for (const auto& [name, value] : parts.params) {
      spell(name);
      spell(value);
    }
    const auto [at, added] = seen.emplace(Key::make(parts)->text(), spelling);
    ASSERT_EQ(at->second, spelling);
  });
}

TEST(AppendEscaped, SaysWhetherAnythingWasEscaped) {
  std::string out = "x";
  EXPECT_FALSE(append_escaped(out, "a b~/#"));
  EXPECT_TRUE(append_escaped(out, std::string_view("\x1f:\x7f\x00", 4)));
  EXPECT_FALSE(append_escaped(out, ""));
  EXPECT_EQ(out, "xa b~/#%1F%3A%7F%00");
}

// Whole blocks, their tails, and each byte at each place of them.
TEST(AppendEscaped, EveryByteIsEscapedAlikeWhereverItStands) {
  for (std::size_t at = 0; at < 40; ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text(40, 'k');
      text[at] = static_cast<char>(byte);
      std::string alone;
      append_escaped(alone, std::string(1, static_cast<char>(byte)));
      std::string expected(40, 'k');
      expected.replace(at, 1, alone);
      std::string escaped;
      EXPECT_EQ(append_escaped(escaped, text), alone.size() == 3);
      ASSERT_EQ(escaped, expected) << at << ' ' << byte;
    }
  }
}

TEST(AppendEscaped, EachLengthAndEachPairOfEscapes) {
  for (std::size_t size = 0; size <= 36; ++size) {
    for (std::size_t one = 0; one <= size; ++one) {
      for (std::size_t other = one; other <= size; ++other) {
        std::string text(size, 'k');
        if (one < size) text[one] = ':';
        if (other < size) text[other] = '\xe9';
        std::string expected;
        for (const char c : text) expected += c == ':' ? "%3A" : c == 'k' ? "k" : "%E9";
        std::string escaped = "x";
        EXPECT_EQ(append_escaped(escaped, text), expected != text);
        ASSERT_EQ(escaped, "x" + expected) << size << ' ' << one << ' ' << other;
      }
    }
  }
}

// Beside memory that is not theirs, which the address sanitizer knows.
TEST(AppendEscaped, NothingIsReadOrWrittenBeyondWhatThereMayBe) {
  for (std::size_t size = 0; size <= 64; ++size) {
    for (const char byte : {'k', ':'}) {
      const std::vector<char> text(size, byte);
      std::vector<char> out(internal::kEscapedByte * size);
      EXPECT_EQ(internal::escape_into(out.data(), {text.data(), size}),
                byte == 'k' ? size : out.size());
    }
  }
}

TEST(Unescape, IsTheInverse) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  std::string escaped;
  append_escaped(escaped, all);
  EXPECT_EQ(unescape(escaped).value(), all);
  EXPECT_EQ(unescape("%c3%A9").value(), "\xc3\xa9") << "digits of either case";
}

TEST(Unescape, RefusesAPercentWithoutTwoDigits) {
  for (const std::string_view text : {"%", "%4", "a%", "%4g", "%g4", "%%41"}) {
    EXPECT_FALSE(unescape(text).ok()) << text;
  }
}

TEST(Key, ADefaultOneIsEmpty) {
  const Key key;
  EXPECT_EQ(key.text(), "");
  EXPECT_EQ(key.keyspace(), "");
  EXPECT_EQ(key.parts().keyspace, "");
}

}  // namespace
}  // namespace strata
