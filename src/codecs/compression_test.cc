#include "strata/codecs/compression.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "codecs/zstd_codec.h"
#include "strata/core/limits.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

constexpr CompressionId kMethods[] = {CompressionId::kZlib, CompressionId::kZstd,
                                      CompressionId::kLz4};

// JSON, as what caches hold: much in it repeats, and not all.
std::string json_of(std::size_t bytes) {
  testkit::Random random(7);
  std::string text = "[";
  while (text.size() < bytes) {
    text += R"({"id":)" + std::to_string(random.below(100'000)) + R"(,"name":")" +
            random.text(3, 12) + R"(","status":"open"},)";
  }
  text.resize(bytes);
  return text;
}

std::string restored(Compressor& compressor, CompressionId method, std::string_view bytes,
                     std::size_t raw_size) {
  const Result<std::string> raw = compressor.decompress(method, bytes, raw_size);
  return raw ? *raw : "error: " + raw.error().message;
}

TEST(Compressor, WhatIsJustOverTheThresholdIsCompressed) {
  Compressor compressor;
  const CompressionOptions options;
  EXPECT_FALSE(compressor.compress(json_of(10'240), options));
  EXPECT_TRUE(compressor.compress(json_of(10'241), options));
  EXPECT_TRUE(compressor.compress(json_of(200), {.above_bytes = 199}));
  EXPECT_FALSE(compressor.compress("", {.above_bytes = 0}));
  EXPECT_FALSE(compressor.compress("x", {.above_bytes = 0}));
}

TEST(Compressor, NoneLeavesEverythingAsItIs) {
  Compressor compressor;
  EXPECT_FALSE(compressor.compress(json_of(100'000), {.method = CompressionId::kNone}));
  EXPECT_EQ(restored(compressor, CompressionId::kNone, "abc", 3), "abc");
  EXPECT_FALSE(compressor.decompress(CompressionId::kNone, "abc", 4).ok());
}

TEST(Compressor, WhatWouldHardlyBecomeSmallerStaysAsItIs) {
  Compressor compressor;
  testkit::Random random(1);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random.next());
  // A 32nd that repeats is less than the 16th that is to be saved; an eighth is more.
  const std::string hardly = noise.substr(0, 97'000) + std::string(3'000, 'x');
  const std::string enough = noise.substr(0, 87'500) + std::string(12'500, 'x');
  for (const CompressionId method : kMethods) {
    EXPECT_FALSE(compressor.compress(noise, {.method = method})) << to_string(method);
    EXPECT_FALSE(compressor.compress(hardly, {.method = method})) << to_string(method);
    const auto bytes = compressor.compress(enough, {.method = method});
    ASSERT_TRUE(bytes) << to_string(method);
    EXPECT_LE(bytes->size(), enough.size() * 15 / 16);
    EXPECT_EQ(restored(compressor, method, *bytes, enough.size()), enough);
  }
}

TEST(Compressor, EveryLevelOfEveryMethodGivesTheValueBack) {
  Compressor compressor;
  const std::string raw = json_of(20'000);
  for (const CompressionId method : kMethods) {
    int levels = 0;
    for (int level = kMethodsOwnLevel; level <= 20; ++level) {
      const CompressionOptions options{.method = method, .level = level};
      if (!check_compression(options)) continue;
      ++levels;
      const auto bytes = compressor.compress(raw, options);
      const bool is_off = method == CompressionId::kZlib && level == 0;
      ASSERT_EQ(bytes.has_value(), !is_off) << to_string(method) << " " << level;
      if (bytes) {
        ASSERT_EQ(restored(compressor, method, *bytes, raw.size()), raw);
      }
    }
    const int expected = method == CompressionId::kZlib   ? 11
                         : method == CompressionId::kZstd ? 20
                                                          : 13;
    EXPECT_EQ(levels, expected) << to_string(method);
  }
}

TEST(Compressor, ALevelThatAMethodDoesNotHaveIsRefusedByName) {
  const auto refused = check_compression({.method = CompressionId::kZlib, .level = 10});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kRejected);
  EXPECT_EQ(refused.error().message,
            "zlib has no compression level 10; write 0 to 9, or -1 for its own, 6");
  EXPECT_FALSE(check_compression({.method = CompressionId::kZstd, .level = 0}).ok());
  EXPECT_FALSE(check_compression({.method = CompressionId::kZstd, .level = 20}).ok());
  EXPECT_FALSE(check_compression({.method = CompressionId::kLz4, .level = 13}).ok());
  EXPECT_TRUE(check_compression({.method = CompressionId::kNone, .level = 77}).ok());
}

TEST(Compressor, AnyValueComesBackAsItWas) {
  Compressor compressor;
  testkit::for_each_seed(300, [&](testkit::Random& random) {
    // Sizes from nothing to a mebibyte, each order of magnitude as likely.
    const std::size_t size = random.below(1 + (std::size_t{1} << random.between(0, 20)));
    std::string raw(size, '\0');
    const std::uint64_t alphabet = random.between(1, 256);
    for (char& c : raw) c = static_cast<char>(random.below(alphabet));
    const CompressionId method = kMethods[random.below(3)];
    const auto bytes = compressor.compress(raw, {.method = method, .level = 1, .above_bytes = 0});
    if (!bytes) return;
    ASSERT_LT(bytes->size(), raw.size());
    ASSERT_EQ(restored(compressor, method, *bytes, raw.size()), raw);
    // Of any other size it is nothing.
    ASSERT_FALSE(compressor.decompress(method, *bytes, raw.size() - 1).ok());
    ASSERT_FALSE(compressor.decompress(method, *bytes, raw.size() + 1).ok());
  });
}

// What an earlier build stored must stay readable, whatever the libraries make of it today.
TEST(Compressor, BytesOfEarlierBuildsAreRead) {
  const std::string zlib(
      "\x78\x9c\xab\x56\xca\x4c\x51\xb2\x32\x31\xd2\x51\xca\x4b\xcc\x4d\x55\xb2\x52\x72\x4c\x49\x54"
      "\xaa\xad\x1e\xb4\xa2\x00\x3d\x97\x31\xf1",
      33);
  const std::string zstd(
      "\x28\xb5\x2f\xfd\x20\xb0\xed\x00\x00\xb0\x7b\x22\x69\x64\x22\x3a\x34\x32\x2c\x22\x6e\x61\x6d"
      "\x65\x22\x3a\x22\x41\x64\x61\x22\x7d\x01\x00\x2e\x49\xcd\x26",
      38);
  const std::string lz4(
      "\xff\x07\x7b\x22\x69\x64\x22\x3a\x34\x32\x2c\x22\x6e\x61\x6d\x65\x22\x3a\x22\x41\x64\x61\x22"
      "\x7d\x16\x00\x82\x50\x41\x64\x61\x22\x7d",
      33);
  std::string raw;
  for (int i = 0; i < 8; ++i) raw += R"({"id":42,"name":"Ada"})";
  Compressor compressor;
  EXPECT_EQ(restored(compressor, CompressionId::kZlib, zlib, raw.size()), raw);
  EXPECT_EQ(restored(compressor, CompressionId::kZstd, zstd, raw.size()), raw);
  EXPECT_EQ(restored(compressor, CompressionId::kLz4, lz4, raw.size()), raw);
}

TEST(Compressor, ABombIsCorruptAndNeverLargerThanTheRecordSays) {
  Compressor compressor;
  const std::string zeros(limits::kValueBytesMax, '\0');
  for (const CompressionId method : kMethods) {
    const auto bomb = compressor.compress(zeros, {.method = method, .level = 1});
    ASSERT_TRUE(bomb) << to_string(method);
    const Result<std::string> small = compressor.decompress(method, *bomb, 1'000);
    ASSERT_FALSE(small.ok()) << to_string(method);
    EXPECT_EQ(small.error().code, ErrorCode::kCorrupt);
    const auto over = compressor.decompress(method, *bomb, limits::kValueBytesMax + 1);
    ASSERT_FALSE(over.ok());
    EXPECT_EQ(over.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(compressor.decompress(method, *bomb, zeros.size())->size(), zeros.size());
  }
}

TEST(Compressor, ASizeThatSoFewBytesCannotReachIsRefusedBeforeAnythingIsAllocated) {
  Compressor compressor;
  for (const CompressionId method : kMethods) {
    const auto refused = compressor.decompress(method, "0123456789", limits::kValueBytesMax);
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find("so few bytes cannot be of a value of 67108864"),
              std::string::npos)
        << refused.error().message;
  }
}

TEST(Compressor, WhatFollowsThePayloadMakesItCorrupt) {
  Compressor compressor;
  const std::string raw = json_of(20'000);
  for (const CompressionId method : kMethods) {
    const std::string bytes = *compressor.compress(raw, {.method = method});
    EXPECT_FALSE(compressor.decompress(method, bytes + '\0', raw.size()).ok()) << to_string(method);
    EXPECT_FALSE(compressor.decompress(method, bytes + bytes, raw.size()).ok());
    EXPECT_FALSE(compressor.decompress(method, "", raw.size()).ok());
    for (const std::size_t left : {bytes.size() - 1, bytes.size() / 2, std::size_t{1}}) {
      EXPECT_FALSE(compressor.decompress(method, bytes.substr(0, left), raw.size()).ok());
    }
  }
}

TEST(Compressor, DamagedBytesAreCorruptOrOfTheRecordedSize) {
  Compressor compressor;
  const std::string raw = json_of(3'000);
  for (const CompressionId method : kMethods) {
    const std::string good = *compressor.compress(raw, {.method = method, .above_bytes = 0});
    testkit::for_each_seed(2'000, [&](testkit::Random& random) {
      std::string bytes = good;
      for (std::uint64_t i = random.between(1, 4); i > 0; --i) {
        bytes[random.below(bytes.size())] = static_cast<char>(random.next());
      }
      const Result<std::string> got = compressor.decompress(method, bytes, raw.size());
      if (got) {
        ASSERT_EQ(got->size(), raw.size());
      }
    });
  }
}

TEST(Compressor, ThreadsShareIt) {
  Compressor compressor;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const std::string raw = json_of(12'000 + static_cast<std::size_t>(t));
      for (int i = 0; i < 50; ++i) {
        const auto bytes = compressor.compress(raw, {});
        ASSERT_TRUE(bytes);
        ASSERT_EQ(restored(compressor, CompressionId::kZstd, *bytes, raw.size()), raw);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Compressor, MethodsHaveTheNamesThatAConfigurationWrites) {
  EXPECT_EQ(to_string(CompressionId::kNone), "none");
  EXPECT_EQ(to_string(CompressionId::kZlib), "zlib");
  EXPECT_EQ(to_string(CompressionId::kZstd), "zstd");
  EXPECT_EQ(to_string(CompressionId::kLz4), "lz4");
}

}  // namespace
}  // namespace strata
