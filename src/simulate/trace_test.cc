// Tests of read_trace(): the format, compression, and what is no trace.
#include "simulate/trace.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <string>

#include "testkit/temp_dir.h"

namespace strata::simulate {
namespace {

class TraceTest : public testing::Test {
 protected:
  Result<Trace> read(const std::string& bytes, Separator separator = Separator::kBlanks) {
    const std::string path = folder_.file("t.txt");
    std::ofstream(path, std::ios::binary) << bytes;
    return read_trace(path, separator);
  }
  std::string problem(const std::string& bytes, Separator separator = Separator::kBlanks,
                      ErrorCode code = ErrorCode::kRejected) {
    const Result<Trace> trace = read(bytes, separator);
    if (trace) return "none";
    EXPECT_EQ(trace.error().code, code);
    const std::string& message = trace.error().message;
    EXPECT_TRUE(message.starts_with(folder_.file("t.txt"))) << message;
    return message.substr(folder_.file("t.txt").size());
  }

  testkit::TempDir folder_;
};

std::string zstd_of(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  return out;
}

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i % 5'000) + "\n";
  return text;
}

TEST_F(TraceTest, NumbersKeysInTheOrderOfTheirFirstRequest) {
  const Result<Trace> trace = read("b\na\nb\nuser:42\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests, (std::vector<KeyNumber>{0, 1, 0, 2}));
  EXPECT_EQ(trace->keys(), 3u);
  EXPECT_TRUE(trace->sizes.empty());
}

TEST_F(TraceTest, TakesSizesAndSkipsWhatSaysNothing) {
  const Result<Trace> trace = read("# key size\n\na 10\r\n  b\t20\na 4294967295");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests, (std::vector<KeyNumber>{0, 1, 0}));
  EXPECT_EQ(trace->sizes, (std::vector<std::uint32_t>{10, 20, 4'294'967'295}));
}

TEST_F(TraceTest, TakesCostsBesideSizes) {
  const Result<Trace> trace = read("a 10 2500\nb 20 0\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->sizes, (std::vector<std::uint32_t>{10, 20}));
  EXPECT_EQ(trace->costs, (std::vector<std::uint32_t>{2'500, 0}));
}

TEST_F(TraceTest, KeysMayHaveCommas) {
  const Result<Trace> trace = read("a,1 10\na,2 10\na,1 10\n,\t10\n");
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests, (std::vector<KeyNumber>{0, 1, 0, 2}));
}

TEST_F(TraceTest, CommasSeparateIfTheyAreToldTo) {
  const Result<Trace> trace =
      read("# key,size,cost\r\n\r\na b,10,5\r\na c, 20 ,\t6\na b,10,7", Separator::kComma);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->requests, (std::vector<KeyNumber>{0, 1, 0}));
  EXPECT_EQ(trace->sizes, (std::vector<std::uint32_t>{10, 20, 10}));
  EXPECT_EQ(trace->costs, (std::vector<std::uint32_t>{5, 6, 7}));
}

TEST_F(TraceTest, SaysWhereCommasAreWrong) {
  const auto wrong = [&](const std::string& text) { return problem(text, Separator::kComma); };
  EXPECT_EQ(wrong("a\nb,\n"), ":2: \"b,\" has an empty field");
  EXPECT_EQ(wrong(",5\n"), ":1: \",5\" has an empty field");
  EXPECT_EQ(wrong("a,,5\n"), ":1: \"a,,5\" has an empty field");
  EXPECT_EQ(wrong("a,1,2,3,4\n"), ":1: \"a,1,2,3,4\" is more than a key, a size and a cost");
  EXPECT_EQ(wrong("a,1,2,\n"), ":1: \"a,1,2,\" has an empty field");
  EXPECT_EQ(wrong("a,1 2\n"), ":1: \"1 2\" is no size in bytes below 4 GiB");
}

TEST_F(TraceTest, SaysWhereItIsWrong) {
  EXPECT_EQ(problem("a\nb c d e\n"), ":2: \"b c d e\" is more than a key, a size and a cost");
  EXPECT_EQ(problem("a 1 2\nb 1 x\n"), ":2: \"x\" is no cost in microseconds below 2^32");
  EXPECT_EQ(problem("a 1 2\nb 1\n"), ":2: has no cost, and earlier lines have one");
  EXPECT_EQ(problem("a 1\nb 1 2\n"), ":2: has a cost, and earlier lines have none");
  EXPECT_EQ(problem("a 1\nb x\n"), ":2: \"x\" is no size in bytes below 4 GiB");
  EXPECT_EQ(problem("a 4294967296\n"), ":1: \"4294967296\" is no size in bytes below 4 GiB");
  EXPECT_EQ(problem("a 1\n\nb\n"), ":3: has no size, and earlier lines have one");
  EXPECT_EQ(problem("a\nb 1\n"), ":2: has a size, and earlier lines have none");
  EXPECT_EQ(problem("# nothing\n"), ":2: there is no request");
  EXPECT_EQ(problem(""), ":1: there is no request");
  EXPECT_EQ(problem("a\n" + std::string(70'000, 'x')), ":2: is longer than 64 KiB");
}

TEST_F(TraceTest, ReadsGzipAndZstandard) {
  const std::string text = many_lines();
  const std::string path = folder_.file("t.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  const Result<Trace> from_gzip = read_trace(path);
  ASSERT_TRUE(from_gzip) << from_gzip.error().message;
  const Result<Trace> plain = read(text);
  const Result<Trace> from_zstd = read(zstd_of(text));
  const Result<Trace> from_frames = read(zstd_of(text) + zstd_of("x\n"));
  ASSERT_TRUE(plain);
  ASSERT_TRUE(from_zstd) << from_zstd.error().message;
  ASSERT_TRUE(from_frames) << from_frames.error().message;
  EXPECT_EQ(from_gzip->requests, plain->requests);
  EXPECT_EQ(from_zstd->requests, plain->requests);
  EXPECT_EQ(from_frames->requests.size(), plain->requests.size() + 1);
}

TEST_F(TraceTest, ACompressedFileThatIsNotWholeIsUnavailable) {
  const auto broken = [&](const std::string& bytes) {
    return problem(bytes, Separator::kBlanks, ErrorCode::kUnavailable);
  };
  const std::string whole = zstd_of(many_lines());
  EXPECT_EQ(broken(whole.substr(0, whole.size() / 2)),
            ": not whole as Zstandard: it ends too early");
  std::string changed = whole;
  changed[whole.size() / 2] = static_cast<char>(changed[whole.size() / 2] ^ 0x55);
  EXPECT_NE(broken(changed), "none");

  const std::string path = folder_.file("t.gz");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, whole.data(), static_cast<unsigned>(whole.size()));
  gzclose(file);
  std::ifstream stream(path, std::ios::binary);
  const std::string gzip{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(broken(gzip.substr(0, gzip.size() / 2)).substr(0, 20), ": not whole as gzip:");
}

TEST_F(TraceTest, AFileThatIsNotThereIsUnavailable) {
  const Result<Trace> trace = read_trace(folder_.file("none"));
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace strata::simulate
