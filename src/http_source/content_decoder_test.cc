#include "http_source/content_decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <string>
#include <vector>

#include "testkit/http_origin.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

constexpr std::size_t kEnough = 1 << 20;

// `text` in one of zlib's formats: a window size of 15 is zlib, -15 raw deflate, 31 gzip.
std::string packed(const std::string& text, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string input = text;
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(const std::string& text) { return packed(text, 31); }

struct Form {
  std::string coding;
  int window;
};
const std::vector<Form> kForms{{"gzip", 31}, {"x-gzip", 31}, {"deflate", 15}, {"deflate", -15}};

// The body that the pieces make, or what is said about them.
Result<std::string> decoded(const std::string& coding, const std::vector<std::string>& pieces,
                            std::size_t max_bytes = kEnough) {
  ContentDecoder decoder(coding, max_bytes);
  for (const std::string& piece : pieces) {
    const Result<void> added = decoder.add(piece);
    if (!added) return added.error();
  }
  return decoder.finish();
}

std::string problem(const std::string& coding, const std::vector<std::string>& pieces,
                    std::size_t max_bytes = kEnough) {
  const Result<std::string> result = decoded(coding, pieces, max_bytes);
  if (result.ok()) return "none";
  EXPECT_EQ(result.error().code, ErrorCode::kLoadFailed) << result.error().message;
  return result.error().message;
}

std::string some_text(std::size_t size) {
  std::string text;
  while (text.size() < size) text += "line " + std::to_string(text.size() * 7919 % 1009) + "\n";
  text.resize(size);
  return text;
}

std::vector<std::string> bytes_of(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

TEST(ContentDecoder, EveryFormIsUnpacked) {
  for (const std::size_t size : {0u, 1u, 1000u, 16384u, 16385u, 500'000u}) {
    const std::string text = some_text(size);
    EXPECT_EQ(decoded("", {text}).value(), text);
    for (const Form& form : kForms) {
      SCOPED_TRACE(testing::Message() << form.coding << form.window << " of " << size);
      EXPECT_EQ(decoded(form.coding, {packed(text, form.window)}).value(), text);
    }
  }
}

TEST(ContentDecoder, PiecesMayBeOfAnySize) {
  const std::string text = some_text(3000);
  EXPECT_EQ(decoded("", bytes_of(text)).value(), text);
  for (const Form& form : kForms) {
    EXPECT_EQ(decoded(form.coding, bytes_of(packed(text, form.window))).value(), text);
  }
  EXPECT_EQ(decoded("gzip", {"", gzip("x"), ""}).value(), "x");

  // A header of 10 bytes, a stored block with one of 5, and then just what fits into one buffer.
  const std::string block = some_text(16 * 1024);
  const std::string stored = testkit::gzip_of(block);
  const std::size_t end = 10 + 5 + block.size();
  EXPECT_EQ(decoded("gzip", {stored.substr(0, end), stored.substr(end)}).value(), block);
}

// The unused bits of its first byte make it look like zlib, but for the check.
TEST(ContentDecoder, ARawStreamIsKnownByTheMissingCheck) {
  EXPECT_EQ(decoded("deflate", {std::string("\x08\1\0\xFE\xFF"
                                            "a\3\0",
                                            8)})
                .value(),
            "a");
}

TEST(ContentDecoder, NothingIsAnEmptyBodyUnderAnyCoding) {
  for (const char* coding : {"", "gzip", "x-gzip", "deflate", "br", "gzip, br"}) {
    EXPECT_EQ(decoded(coding, {}).value(), "") << coding;
    EXPECT_EQ(decoded(coding, {""}).value(), "") << coding;
  }
}

// At every byte, and the whole stream only at its last.
TEST(ContentDecoder, AStreamThatIsCutAnywhereEndedInTheMiddle) {
  for (const Form& form : kForms) {
    const std::string whole = packed(some_text(300), form.window);
    for (std::size_t cut = 1; cut < whole.size(); ++cut) {
      const std::string part = whole.substr(0, cut);
      ASSERT_EQ(problem(form.coding, {part}), "the " + form.coding + " body ended in the middle")
          << cut;
      ASSERT_EQ(problem(form.coding, bytes_of(part)), problem(form.coding, {part})) << cut;
    }
  }
}

TEST(ContentDecoder, GzipMayHaveSeveralMembers) {
  const std::string members = gzip("one ") + gzip("") + testkit::gzip_of("two ") + gzip("three");
  EXPECT_EQ(decoded("gzip", {members}).value(), "one two three");
  EXPECT_EQ(decoded("gzip", bytes_of(members)).value(), "one two three");
  const std::string first = gzip("one ");
  for (std::size_t cut = first.size() + 1; cut < first.size() + gzip("two").size(); ++cut) {
    EXPECT_EQ(problem("gzip", {(first + gzip("two")).substr(0, cut)}),
              "the gzip body ended in the middle");
  }
}

TEST(ContentDecoder, NothingMayFollowTheEnd) {
  for (const Form& form : kForms) {
    const std::string whole = packed("hello", form.window);
    for (const std::string& rest : {std::string(1, '\0'), std::string("x"), whole, gzip("x")}) {
      const bool is_member = rest.size() > 1 && form.window == 31;
      const std::string expected =
          is_member ? "none" : "the " + form.coding + " body goes on after its end";
      EXPECT_EQ(problem(form.coding, {whole + rest}), expected) << form.window;
      EXPECT_EQ(problem(form.coding, {whole, rest}), expected) << form.window;
    }
  }
  EXPECT_EQ(problem("gzip", {gzip("hello") + "\x1Fxx"}),
            "the gzip body is corrupt: incorrect header check");
}

TEST(ContentDecoder, WhatIsCorruptIsSaidToBe) {
  EXPECT_EQ(problem("gzip", {"{\"a\": 1}"}), "the gzip body is corrupt: incorrect header check");
  EXPECT_EQ(problem("gzip", {packed("hello", 15)}),
            "the gzip body is corrupt: incorrect header check");
  EXPECT_NE(problem("deflate", {gzip("hello")}).find("corrupt"), std::string::npos);
  for (const Form& form : kForms) {
    if (form.window < 0) continue;  // has no sum
    std::string wrong_sum = packed(some_text(300), form.window);
    wrong_sum[wrong_sum.size() - 4] ^= 1;
    EXPECT_NE(problem(form.coding, {wrong_sum}).find("corrupt: incorrect"), std::string::npos);
  }
  // 0x78 0xBB: a zlib stream whose dictionary both sides would have to know.
  EXPECT_NE(problem("deflate", {std::string("\x78\xBB\0\0\0\1\0", 7)}).find("dictionary"),
            std::string::npos);
}

TEST(ContentDecoder, OtherCodingsAreNamedWhenThereIsABody) {
  EXPECT_EQ(problem("br", {"x"}),
            "the reply has content encoding \"br\", which was not asked for; gzip, deflate or none "
            "was");
  for (const char* codings : {"gzip, br", "gzip, gzip", "gzip, deflate", "zstd", "GZIP"}) {
    EXPECT_NE(problem(codings, {gzip("x")}).find('"' + std::string(codings) + '"'),
              std::string::npos);
  }
}

TEST(ContentDecoder, TheLimitIsOfTheBodyAsItWas) {
  const std::string text = some_text(100'000);
  EXPECT_EQ(decoded("", {text}, text.size()).value(), text);
  EXPECT_EQ(problem("", {text}, text.size() - 1), "the body exceeds max_body_bytes of 99999");
  for (const Form& form : kForms) {
    const std::string whole = packed(text, form.window);
    EXPECT_EQ(decoded(form.coding, {whole}, text.size()).value(), text);
    EXPECT_EQ(problem(form.coding, {whole}, text.size() - 1),
              "the body exceeds max_body_bytes of 99999");
  }
  const std::string members = gzip(some_text(600)) + gzip(some_text(401));
  EXPECT_NE(problem("gzip", {members}, 1000).find("max_body_bytes of 1000"), std::string::npos);
}

TEST(ContentDecoder, ABombIsCutOffEarly) {
  const std::string bomb = testkit::gzip_bomb(50'000'000);
  ContentDecoder decoder("gzip", 1'000'000);
  std::size_t taken = 0;
  while (taken < bomb.size() && decoder.add(std::string_view(bomb).substr(taken, 1000)).ok()) {
    taken += 1000;
  }
  EXPECT_LT(taken, 20'000u);
}

// Members and blocks without content cost time and bring nothing.
TEST(ContentDecoder, EndlessPackagingIsCutOff) {
  std::string members;
  while (members.size() < 10'000) members += gzip("");
  EXPECT_EQ(problem("gzip", {members}, 1000),
            "the gzip body is longer than twice max_body_bytes of 1000");
  ContentDecoder decoder("deflate", 1000);
  std::size_t taken = 0;
  while (taken < 100'000 && decoder.add(std::string("\0\0\0\xFF\xFF", 5)).ok()) taken += 5;
  EXPECT_LT(taken, 10'000u);
}

TEST(ContentDecoder, ALengthThatCannotFitIsRefusedAtOnce) {
  EXPECT_TRUE(ContentDecoder("", 1000).expect(1000).ok());
  EXPECT_FALSE(ContentDecoder("", 1000).expect(1001).ok());
  constexpr std::uint64_t kMost = 2 * 1000 + ContentDecoder::kFramingBytes;
  EXPECT_TRUE(ContentDecoder("gzip", 1000).expect(kMost).ok());
  EXPECT_FALSE(ContentDecoder("gzip", 1000).expect(kMost + 2).ok());
  EXPECT_FALSE(ContentDecoder("deflate", 1000).expect(UINT64_MAX).ok());
  EXPECT_TRUE(ContentDecoder("gzip", SIZE_MAX).expect(UINT64_MAX).ok());
}

// A changed stream is an error, or it has the same content: only its header was changed.
TEST(ContentDecoder, NoDamageIsTakenForAValue) {
  testkit::for_each_seed(20, [](testkit::Random& random) {
    for (int round = 0; round < 100; ++round) {
      const Form& form = kForms[random.below(3)];  // those with a sum
      const std::string text = some_text(random.below(2000));
      std::string stream = packed(text, form.window);
      std::vector<std::string> pieces;
      const int damages = static_cast<int>(random.below(3));
      for (int damage = 0; damage < damages; ++damage) {
        stream[random.below(stream.size())] ^= static_cast<char>(1 << random.below(8));
      }
      for (std::string_view rest = stream; !rest.empty();) {
        pieces.emplace_back(rest.substr(0, random.between(1, 200)));
        rest.remove_prefix(pieces.back().size());
      }
      const Result<std::string> result = decoded(form.coding, pieces);
      if (damages == 0) {
        ASSERT_TRUE(result.ok()) << result.error().message;
      }
      // A zlib header that is damaged may be taken for raw deflate, which has no sum; what
      // follows it is then too much.
      if (result.ok()) {
        ASSERT_EQ(*result, text) << form.coding;
      }
    }
  });
}

}  // namespace
}  // namespace strata
