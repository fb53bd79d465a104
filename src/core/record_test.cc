// Tests of the record envelope: round trips, damage, limits and the golden file.
#include "strata/core/record.h"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "core/byte_io.h"
#include "core/hash.h"
#include "strata/core/duration.h"
#include "strata/core/limits.h"
#include "strata/core/value_type.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ns;

// Every field set, to a value that no other field has. The golden file holds it.
Record full_record() {
  Record record;
  record.key_text = "1:census::acs5:cbsa=14500&year=2022";
  record.long_params = "";
  record.group = {keyspace("census"), source("census-api")};
  record.labels = {tag("org:7"), Label(LabelKind::kKey, "1:user::42:")};
  record.lifetime = {.written_wall = {1'795'253'400'123},
                     .written_since_boot = 3600s + 7ns,
                     .boot_id = 0x1122334455667788,
                     .fresh_for = 5min,
                     .keep_for = 24h};
  record.number = Ticket{41};
  record.epoch = 0x99aabbccddeeff00;
  record.version = "\"etag-1\"";
  record.source_last_modified = WallTime{1'795'000'000'000};
  record.codec = 0x48e774f1;
  record.schema = 3;
  record.compression = CompressionId::kZstd;
  record.raw_size = 20;
  record.load_cost_us = 12'345;
  record.payload = "not really zstd";
  return record;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Puts right what damage made wrong of the envelope, so that what is inside is decoded.
void seal(std::string& bytes) {
  if (bytes.size() < 20) return;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  bytes.replace(8, 4, std::string(reinterpret_cast<const char*>(&size), 4));
  const std::uint64_t sum = internal::hash64(std::string_view(bytes).substr(0, bytes.size() - 8));
  bytes.replace(bytes.size() - 8, 8, std::string(reinterpret_cast<const char*>(&sum), 8));
}

std::string reason_of(std::string_view bytes) {
  const Result<Record> decoded = decode_record(bytes);
  if (decoded) return "decoded";
  EXPECT_EQ(decoded.error().code, ErrorCode::kCorrupt);
  return decoded.error().message;
}

TEST(Record, DecodesToWhatWasEncoded) {
  const Record record = full_record();
  const std::string bytes = encode_record(record).value();
  EXPECT_EQ(decode_record(bytes).value(), record);
  Record smallest;
  smallest.key_text = "k";
  EXPECT_EQ(decode_record(encode_record(smallest).value()).value(), smallest);
}

// What a release has written, every later one reads.
TEST(Record, TheGoldenFileOfVersion1Decodes) {
  const std::string bytes = read_file(STRATA_GOLDEN_FOLDER "/record_v1.bin");
  ASSERT_FALSE(bytes.empty());
  EXPECT_EQ(decode_record(bytes).value(), full_record());
  EXPECT_EQ(encode_record(full_record()).value(), bytes);
}

// The bytes of the lines that begin with an offset, "10  00 ab ...  <16 of them>   text".
std::string example_in(const std::string& document) {
  constexpr std::size_t kHexEnd = 4 + 16 * 3 + 1;
  std::string bytes;
  std::istringstream lines(document);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() < 4 || line.substr(1, 3) != "0  ") continue;
    std::istringstream digits(line.substr(4, kHexEnd - 4));
    for (std::string byte; digits >> byte;) {
      bytes += static_cast<char>(std::stoi(byte, nullptr, 16));
    }
  }
  return bytes;
}

TEST(Record, TheExampleInTheDocumentIsOne) {
  Record record;
  record.key_text = "1:user::42:";
  record.group = {keyspace("user")};
  record.labels = {tag("org:7")};
  record.lifetime = {.written_wall = parse_wall_time("2026-11-21T09:30:00.123Z").value(),
                     .written_since_boot = 1h,
                     .boot_id = 0x1122334455667788,
                     .fresh_for = 5min,
                     .keep_for = kForever};
  record.number = Ticket{41};
  record.epoch = 7;
  record.codec = codec_id("string");
  record.schema = 1;
  record.raw_size = 3;
  record.load_cost_us = 1'500;
  record.payload = "Ada";
  const std::string document = read_file(STRATA_GOLDEN_FOLDER "/../../docs/formats/record.md");
  EXPECT_EQ(decode_record(example_in(document)).value(), record);
}

Labels any_labels(testkit::Random& random, std::uint64_t most, std::uint64_t kinds) {
  Labels labels;
  for (std::uint64_t left = random.below(most + 1); left > 0; --left) {
    labels.emplace_back(LabelKind{static_cast<std::uint8_t>(random.between(1, kinds))},
                        random.bytes(random.one_in(10) ? 128 : 5));
  }
  return labels;
}

Record any_record(testkit::Random& random) {
  Record record;
  record.key_text = random.bytes(40) + "k";
  record.long_params = random.one_in(3) ? random.bytes(1000) : "";
  record.group = any_labels(random, 5, 8);
  record.labels = any_labels(random, random.one_in(10) ? 256 : 4, 8);
  const std::uint64_t fresh = random.skewed() >> 1;
  const std::uint64_t kept = std::max(fresh, random.skewed() >> 1);
  record.lifetime = {.written_wall = {static_cast<std::int64_t>(random.next())},
                     .written_since_boot = Duration(static_cast<std::int64_t>(random.next())),
                     .boot_id = random.next(),
                     .fresh_for = Duration(static_cast<std::int64_t>(fresh)),
                     .keep_for = Duration(static_cast<std::int64_t>(kept))};
  record.number = Ticket{random.next()};
  record.epoch = random.next();
  record.version = random.one_in(2) ? random.bytes(256) : "";
  if (random.one_in(2)) {
    record.source_last_modified = WallTime{static_cast<std::int64_t>(random.next())};
  }
  record.codec = static_cast<std::uint32_t>(random.next());
  record.schema = random.next();
  record.compression = CompressionId{static_cast<std::uint8_t>(random.below(4))};
  record.raw_size = static_cast<std::uint32_t>(random.below(limits::kValueBytesMax + 1));
  record.load_cost_us = random.next();
  record.negative = random.one_in(4);
  if (!record.negative) record.payload = random.bytes(random.one_in(5) ? 5000 : 50);
  record.encrypted = random.one_in(3);
  if (record.encrypted) record.payload += std::string(kEncryptionOverheadBytes, 'x');
  return record;
}

TEST(Record, AnyRecordDecodesToWhatWasEncoded) {
  testkit::for_each_seed(3'000, [](testkit::Random& random) {
    const Record record = any_record(random);
    const Result<std::string> bytes = encode_record(record);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    const Result<Record> decoded = decode_record(*bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    ASSERT_EQ(*decoded, record);
    ASSERT_EQ(encode_record(*decoded).value(), *bytes);
  });
}

TEST(Record, EveryFlippedBitIsCorrupt) {
  const std::string bytes = encode_record(full_record()).value();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
      ASSERT_NE(reason_of(damaged), "decoded") << "byte " << at << ", bit " << bit;
    }
  }
}

TEST(Record, EveryOtherValueOfEveryByteIsCorrupt) {
  Record record;
  record.key_text = "k";
  const std::string bytes = encode_record(record).value();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    for (int other = 1; other < 256; ++other) {
      damaged[at] = static_cast<char>(bytes[at] + other);
      ASSERT_FALSE(decode_record(damaged).ok()) << "byte " << at << ", plus " << other;
    }
  }
}

TEST(Record, EveryTruncationAndExtensionIsCorrupt) {
  const std::string bytes = encode_record(full_record()).value();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_NE(reason_of(bytes.substr(0, size)), "decoded") << size;
  }
  EXPECT_NE(reason_of(bytes + '\0'), "decoded");
  EXPECT_NE(reason_of(bytes + bytes), "decoded");
}

// Goal: past the checksum too, what decodes is canonical, and nothing else is read or made.
// Method: damage, then make size and checksum right.
TEST(Record, SealedDamageDecodesToWhatEncodesBackOrNotAtAll) {
  int decoded_count = 0;
  testkit::for_each_seed(5'000, [&](testkit::Random& random) {
    std::string bytes = encode_record(any_record(random)).value();
    for (std::uint64_t left = random.between(1, 3); left > 0; --left) {
      // Mostly the header, where sizes and flags are.
      const std::size_t end = random.one_in(3) ? bytes.size() - 8 : 116;
      bytes[random.between(6, end - 1)] = static_cast<char>(random.next());
    }
    if (random.one_in(4)) bytes.resize(random.between(20, bytes.size()));
    if (random.one_in(8)) bytes.insert(random.below(bytes.size()), random.bytes(20));
    seal(bytes);
    const Result<Record> decoded = decode_record(bytes);
    if (!decoded) {
      ASSERT_EQ(decoded.error().code, ErrorCode::kCorrupt);
      return;
    }
    ++decoded_count;
    ASSERT_EQ(encode_record(*decoded).value(), bytes);
  });
  EXPECT_GT(decoded_count, 100) << "the damage leaves something to check";
}

// A flag of what older versions do not know: to them the record does not decode, so it is a miss.
TEST(Record, AnEncryptedPayloadHasAFlagAndRoomForKeyAndTag) {
  Record record = full_record();
  record.encrypted = true;
  record.payload = std::string(kEncryptionOverheadBytes, 'x');
  const std::string bytes = encode_record(record).value();
  EXPECT_EQ(bytes.substr(4, 4), std::string("\1\0\6\0", 4)) << "version 1, flags 2 and 4";
  EXPECT_EQ(decode_record(bytes).value(), record);
  record.negative = true;
  EXPECT_TRUE(encode_record(record).ok());
  record.payload += 'x';
  EXPECT_EQ(encode_record(record).error().code, ErrorCode::kRejected);
  record.negative = false;
  record.payload.resize(kEncryptionOverheadBytes - 1);
  EXPECT_EQ(encode_record(record).error().code, ErrorCode::kRejected);
}

TEST(Record, SaysWhatIsWrong) {
  const std::string good = encode_record(full_record()).value();
  EXPECT_EQ(reason_of(""), "the record does not decode: it has 0 bytes, fewer than any record");
  EXPECT_NE(reason_of(std::string(200, 'x')).find("begin with STRA"), std::string::npos);

  const auto with = [&](std::size_t at, std::string_view bytes) {
    std::string damaged = good;
    damaged.replace(at, bytes.size(), bytes);
    seal(damaged);
    return reason_of(damaged);
  };
  const std::size_t first_label =
      116 + full_record().key_text.size() + full_record().version.size();
  const std::vector<std::pair<std::string, std::string>> cases{
      {with(4, std::string("\2\0", 2)), "its format version is 2, not 1"},
      {with(6, "\x08"), "unknown flags"},
      {with(6, std::string("\0", 1)), "a modification time without the flag"},
      {with(7, "\x80"), "unknown flags"},
      {with(6, "\x03"), "it is negative and has a payload"},
      {with(64, std::string(7, '\0') + "\x80"), "fresh for a negative time"},
      {with(64, std::string(7, '\xff') + "\x7f"), "fresh for longer than it is kept"},
      {with(99, "\x7f"), "the limit is 67108864"},
      {with(103, "\x7f"), "its payload ends outside it"},
      {with(107, "\x7f"), "its texts end outside it"},
      {with(first_label, "\x09"), "a label of an unknown kind"},
      {with(first_label, std::string(1, '\0')), "a label of an unknown kind"},
      {with(112, "\xff\xff"), "a label ends outside it"},
      {with(115, "\x04"), "unknown compression 4"},
      {with(114, std::string(1, '\0')), "something follows its payload"}};
  for (const auto& [reason, expected] : cases) {
    EXPECT_NE(reason.find(expected), std::string::npos) << reason << "\nexpected " << expected;
  }
  std::string other_size = good;
  other_size[8] = static_cast<char>(other_size[8] + 1);
  EXPECT_NE(reason_of(other_size).find("where its header says"), std::string::npos);
  std::string other_sum = good;
  other_sum.back() = static_cast<char>(other_sum.back() + 1);
  EXPECT_NE(reason_of(other_sum).find("its checksum is wrong"), std::string::npos);
}

template <typename Change>
std::string refusal(Change change) {
  Record record = full_record();
  change(record);
  const Result<std::string> bytes = encode_record(record);
  if (bytes) return "encoded";
  EXPECT_EQ(bytes.error().code, ErrorCode::kRejected);
  return bytes.error().message;
}

TEST(Record, FieldsAreBoundedAndTheErrorNamesTheLimit) {
  const auto expect = [](const std::string& refused, const std::string& reason) {
    EXPECT_NE(refused.find(reason), std::string::npos) << refused << "\nexpected " << reason;
  };
  const auto text = [](std::size_t size) { return std::string(size, 'x'); };
  expect(refusal([&](Record& r) { r.key_text = text(1024); }), "encoded");
  expect(refusal([&](Record& r) { r.key_text = text(1025); }), "key is 1025; the limit is 1024");
  expect(refusal([&](Record& r) { r.key_text = ""; }), "it has no key");
  expect(refusal([&](Record& r) { r.long_params = text(65'536); }), "encoded");
  expect(refusal([&](Record& r) { r.long_params = text(65'537); }), "the limit is 65536");
  expect(refusal([&](Record& r) { r.version = text(256); }), "encoded");
  expect(refusal([&](Record& r) { r.version = text(257); }), "version is 257; the limit is 256");
  expect(refusal([&](Record& r) { r.labels.assign(256, tag("t")); }), "encoded");
  expect(refusal([&](Record& r) { r.labels.assign(257, tag("t")); }), "the limit is 256");
  expect(refusal([&](Record& r) { r.group.assign(16, tag("t")); }), "encoded");
  expect(refusal([&](Record& r) { r.group.assign(17, tag("t")); }), "the limit is 16");
  expect(refusal([&](Record& r) { r.labels = {tag(text(128))}; }), "encoded");
  expect(refusal([&](Record& r) { r.labels = {tag(text(129))}; }), "is 129; the limit is 128");
  expect(refusal([&](Record& r) { r.labels = {Label(LabelKind::kKey, text(1024))}; }), "encoded");
  expect(refusal([&](Record& r) { r.group = {Label(LabelKind::kKey, text(1025))}; }), "is 1025");
  expect(refusal([&](Record& r) { r.payload = text(limits::kValueBytesMax + 1); }), "67108864");
  expect(refusal([&](Record& r) { r.raw_size = limits::kValueBytesMax + 1; }), "67108864");
  expect(refusal([&](Record& r) { r.negative = true; }), "negative and has a payload");
  expect(refusal([&](Record& r) { r.lifetime.fresh_for = -1ns; }), "a negative time");
  expect(refusal([&](Record& r) { r.lifetime.keep_for = 4min; }), "longer than it is kept");
}

}  // namespace
}  // namespace strata
