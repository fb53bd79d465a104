// Tests of compressed output: what is written is read again, whatever its pieces.
#include "simulate/compressed_writer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "testkit/random.h"
#include "testkit/temp_dir.h"

namespace strata::simulate {
namespace {

std::string compressed(Compression compression, const std::string& bytes, std::size_t piece) {
  std::string out;
  CompressedWriter writer(compression, [&](std::string_view more) {
    out += more;
    return Result<void>();
  });
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    EXPECT_TRUE(writer.write(std::string_view(bytes).substr(at, piece)).ok());
  }
  EXPECT_TRUE(writer.finish().ok());
  return out;
}

TEST(CompressedWriter, WritesWhatReadCompressedReads) {
  const testkit::TempDir folder;
  testkit::Random random(1);
  std::string bytes = random.bytes(300'000) + std::string(1'000'000, 'a');
  for (const Compression compression :
       {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, bytes.size()}) {
      for (const std::size_t piece : {std::size_t{777}, std::size_t{1} << 20}) {
        const std::string file = folder.file("file");
        std::ofstream(file, std::ios::binary)
            << compressed(compression, bytes.substr(0, size), piece);
        std::string read;
        const Result<void> done = read_compressed(file, [&](std::string_view more) {
          read += more;
          return Result<void>();
        });
        ASSERT_TRUE(done.ok()) << done.error().message;
        EXPECT_TRUE(read == bytes.substr(0, size));
      }
    }
  }
  EXPECT_LT(compressed(Compression::kGzip, bytes, 1'000).size(), 400'000u);
  EXPECT_LT(compressed(Compression::kZstd, bytes, 1'000).size(), 400'000u);
}

TEST(CompressedWriter, EndsWithTheErrorOfItsSink) {
  for (const Compression compression :
       {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    CompressedWriter writer(compression, [](std::string_view) -> Result<void> {
      return Error{ErrorCode::kUnavailable, "full", {}};
    });
    Result<void> done = writer.write(std::string(10, 'a'));
    if (done) done = writer.finish();
    if (compression == Compression::kNone) continue;
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().message, "full");
  }
}

TEST(CompressedWriter, TellsTheFormByTheName) {
  EXPECT_EQ(compression_of("a.jsonl"), Compression::kNone);
  EXPECT_EQ(compression_of("a.jsonl.gz"), Compression::kGzip);
  EXPECT_EQ(compression_of("a.zst"), Compression::kZstd);
  EXPECT_EQ(compression_of("-"), Compression::kNone);
}

}  // namespace
}  // namespace strata::simulate
