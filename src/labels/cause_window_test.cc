#include "labels/cause_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/byte_io.h"
#include "core/hash.h"
#include "strata/core/limits.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

using internal::CauseWindow;
using internal::decode_window;
using internal::encode_window;

CauseWindow random_window(testkit::Random& random) {
  CauseWindow window;
  std::uint64_t id = 0;
  for (std::uint64_t left = random.below(20); left > 0; --left) {
    id += random.between(1, 5);
    window.causes.push_back({.id = CauseId{id},
                             .parent = CauseId{random.below(id)},
                             .kind = random.pick(kCauseKinds),
                             .at = {static_cast<std::int64_t>(random.next()) >> 17},
                             .text = random.text(0, limits::kCauseTextBytes),
                             .is_former = true});
  }
  window.next = CauseId{id + random.between(1, 100)};
  for (std::uint64_t left = random.below(20); left > 0; --left) {
    window.removals.push_back({.key = LabelId{random.next()},
                               .why = random.pick(kRemovalCauses),
                               .cause = CauseId{random.below(id + 1)},
                               .via = LabelId{random.next()},
                               .at = {static_cast<std::int64_t>(random.below(1ULL << 40))},
                               .tier = static_cast<TierPlace>(random.below(3)),
                               .is_former = true});
  }
  return window;
}

// The bytes with a checksum that is right.
std::string sealed(std::string bytes) {
  bytes.resize(bytes.size() - 8);
  internal::append_number(bytes, internal::hash64(bytes));
  return bytes;
}

std::string why_not(std::string_view bytes) {
  const Result<CauseWindow> window = decode_window(bytes);
  EXPECT_FALSE(window.ok());
  if (window.ok()) return "";
  EXPECT_EQ(window.error().code, ErrorCode::kCorrupt);
  return window.error().message;
}

CauseWindow small_window() {
  return {.next = CauseId{10},
          .causes = {{.id = CauseId{4}, .kind = CauseKind::kProcess, .text = "4711"},
                     {.id = CauseId{7}, .parent = CauseId{4}, .text = "tag org:7"}},
          .removals = {{.key = LabelId{42}, .cause = CauseId{7}, .at = {1'000}}}};
}

TEST(CauseWindow, DecodesWhatItEncodes) {
  testkit::for_each_seed(200, [](testkit::Random& random) {
    const CauseWindow window = random_window(random);
    const std::string bytes = encode_window(window);
    const Result<CauseWindow> decoded = decode_window(bytes);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    ASSERT_EQ(decoded->next, window.next);
    ASSERT_EQ(decoded->causes, window.causes);
    ASSERT_EQ(decoded->removals, window.removals);
    ASSERT_EQ(encode_window(*decoded), bytes);
  });
}

TEST(CauseWindow, EveryFlippedBitAndEveryOtherLengthIsCorrupt) {
  const std::string bytes = encode_window(small_window());
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(decode_window(damaged).ok()) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_window(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_window(bytes + '\0').ok());
  EXPECT_FALSE(decode_window(sealed(bytes + '\0')).ok());
}

TEST(CauseWindow, SaysWhatIsWrong) {
  const std::string bytes = encode_window(small_window());
  using testing::HasSubstr;
  EXPECT_THAT(why_not("something else"), HasSubstr("does not begin as one"));
  EXPECT_THAT(why_not(bytes.substr(0, 10)), HasSubstr("is cut off"));
  std::string other = bytes;
  other[8] = 3;
  EXPECT_THAT(why_not(other), HasSubstr("unknown version 3"));
  EXPECT_THAT(why_not(bytes.substr(0, bytes.size() - 1)), HasSubstr("fails its checksum"));
}

// With a right checksum each field is still held to its limits.
TEST(CauseWindow, FieldsBeyondTheirLimitsAreCorrupt) {
  constexpr std::size_t kFirstCause = 28;
  constexpr std::size_t kSecondCause = kFirstCause + 26 + 4;
  constexpr std::size_t kRemoval = kSecondCause + 26 + 9;
  const std::string bytes = encode_window(small_window());
  ASSERT_EQ(bytes.size(), kRemoval + 34 + 8);
  const auto is_refused = [&](std::size_t at, int value) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(value);
    return !decode_window(sealed(changed)).ok();
  };
  EXPECT_FALSE(is_refused(kFirstCause, 5));        // an id below the next cause's
  EXPECT_TRUE(is_refused(kFirstCause, 0));         // no id
  EXPECT_TRUE(is_refused(kFirstCause, 7));         // that of the next cause
  EXPECT_TRUE(is_refused(kSecondCause, 10));       // the next id
  EXPECT_FALSE(is_refused(kSecondCause, 9));       // the last one
  EXPECT_TRUE(is_refused(20, 7));                  // a next id that is in use
  EXPECT_TRUE(is_refused(27, 0x40));               // a next id beyond all
  EXPECT_TRUE(is_refused(12, 1));                  // too few causes
  EXPECT_TRUE(is_refused(12, 3));                  // too many
  EXPECT_TRUE(is_refused(15, 2));                  // more than a journal has
  EXPECT_TRUE(is_refused(16, 0));                  // too few removals
  EXPECT_TRUE(is_refused(kSecondCause + 8, 7));    // its own parent
  EXPECT_TRUE(is_refused(kSecondCause + 23, 1));   // a time beyond 47 bits
  EXPECT_TRUE(is_refused(kSecondCause + 24, 14));  // no kind
  EXPECT_TRUE(is_refused(kSecondCause + 25, 97));  // a long text
  EXPECT_TRUE(is_refused(kSecondCause + 26, 7));   // a control character
  EXPECT_TRUE(is_refused(kRemoval + 8, 10));       // a cause that was not given out
  EXPECT_FALSE(is_refused(kRemoval + 8, 9));       // one that is not in the file
  EXPECT_TRUE(is_refused(kRemoval + 31, 1));       // a time beyond 47 bits
  EXPECT_TRUE(is_refused(kRemoval + 32, 7));       // no cause of removal
}

}  // namespace
}  // namespace strata
