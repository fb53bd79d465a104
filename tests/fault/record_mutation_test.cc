// R7: a million damaged records. None decodes, unless to what encodes to the very same bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/hash.h"
#include "strata/core/record.h"
#include "testkit/random.h"
#include "testkit/reliability.h"

namespace strata {
namespace {

using testkit::Random;

constexpr std::uint64_t kMutations = 1'000'000;
constexpr std::uint64_t kRecords = 64;
constexpr std::size_t kSizeAt = 8;  // docs/formats/record.md
constexpr std::size_t kChecksumBytes = 8;

std::string any_record(Random& random) {
  Record record;
  record.key_text = "1:mutation::" + std::to_string(random.below(1'000)) + ":";
  record.group = {keyspace("mutation")};
  for (std::uint64_t i = random.below(6); i > 0; --i) {
    record.labels.push_back(tag("t" + std::to_string(random.below(100))));
  }
  record.lifetime.fresh_for = std::chrono::seconds(random.below(1'000));
  record.lifetime.keep_for = record.lifetime.fresh_for;
  record.number = Ticket{random.next()};
  record.payload = random.bytes(600);
  record.raw_size = static_cast<std::uint32_t>(record.payload.size());
  return encode_record(record).value();
}

std::string mutated(std::string bytes, Random& random) {
  for (std::uint64_t left = random.between(1, 3); left > 0 && !bytes.empty(); --left) {
    const std::size_t at = random.below(bytes.size());
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, random.between(1, 40));
    switch (random.below(7)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, random.bytes(20) + 'x');
        break;
      case 2:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), size, '\0');
        break;
      case 3:
        std::rotate(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + size / 2),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
        break;
      case 4:
        for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<char>(random.next());
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
    }
  }
  return bytes;
}

// With a header and a checksum that fit, as if the checksum were not compared.
std::string sealed(std::string bytes) {
  if (bytes.size() < kSizeAt + 4 + kChecksumBytes) return bytes;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data() + kSizeAt, &size, sizeof(size));
  const std::size_t covered = bytes.size() - kChecksumBytes;
  const std::uint64_t sum = internal::hash64(std::string_view(bytes).substr(0, covered));
  std::memcpy(bytes.data() + covered, &sum, sizeof(sum));
  return bytes;
}

TEST(RecordMutations, OfAMillionNoneDecodesToAnotherValue) {
  Random random(1);
  std::vector<std::string> records;
  for (std::uint64_t i = 0; i < kRecords; ++i) records.push_back(any_record(random));
  std::uint64_t mutations = 0;
  std::uint64_t wrong = 0;
  std::uint64_t not_canonical = 0;
  std::uint64_t would_be_wrong = 0;
  while (mutations < kMutations) {
    const std::string& whole = records[random.below(kRecords)];
    const std::string damaged = mutated(whole, random);
    if (damaged == whole) continue;
    ++mutations;
    wrong += decode_record(damaged).ok() ? 1 : 0;
    if (mutations % 8 != 0) continue;
    const std::string accepted = sealed(damaged);
    const Result<Record> decoded = decode_record(accepted);
    if (!decoded) continue;
    ++would_be_wrong;
    not_canonical += encode_record(*decoded).value() != accepted ? 1 : 0;
  }
  testkit::Reliability report("R7", "damaged records are decoded");
  report.count("mutations", mutations).seeds(1, 1);
  report.count("values that only the checksum keeps out", would_be_wrong);
  report.violations("wrong values", wrong).violations("values not canonical", not_canonical);
  EXPECT_GT(would_be_wrong, kMutations / 100) << "without a checksum this test must fail";
}

}  // namespace
}  // namespace strata
