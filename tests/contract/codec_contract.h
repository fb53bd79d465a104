// The contract of Codec<V>, through the ValueType that the cache sees.
//
// A case names the type, some values (the empty one among them) and bytes that are none:
//
//   struct StringCase {
//     using Value = std::string;
//     static std::vector<Value> values();
//     static std::vector<std::string> not_values();  // may be empty: every text is a value
//     static constexpr std::string_view kName = "string";  // of what is on disks by now
//     static constexpr std::uint64_t kSchema = 1;
//   };
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/entry.h"
#include "strata/core/value_type.h"
#include "testkit/random.h"
#include "testkit/seeds.h"

namespace strata::contract {

template <typename Case>
class CodecContract : public testing::Test {
 protected:
  using Held = typename Case::Value;

  static std::string encoded(const Held& value) {
    Result<std::string> bytes = value_type<Held>().encode(&value);
    EXPECT_TRUE(bytes.ok());
    return bytes ? *bytes : std::string();
  }
  // Through an entry, as the cache decodes.
  static Result<EntryRef> decoded(std::string_view bytes) {
    return Entry::decode({"1:k::1:", key_hash("1:k::1:"), {}}, value_type<Held>(), bytes);
  }
};

TYPED_TEST_SUITE_P(CodecContract);

TYPED_TEST_P(CodecContract, WhatIsEncodedDecodesToTheSame) {
  using Value = typename TypeParam::Value;
  for (const Value& value : TypeParam::values()) {
    const std::string bytes = this->encoded(value);
    const Result<EntryRef> entry = this->decoded(bytes);
    ASSERT_TRUE(entry.ok());
    EXPECT_TRUE((*entry)->template value<Value>() == value) << bytes;
    EXPECT_EQ(this->encoded((*entry)->template value<Value>()), bytes);
  }
}

TYPED_TEST_P(CodecContract, ItsNameAndSchemaAreThoseOfWhatIsStored) {
  using Value = typename TypeParam::Value;
  EXPECT_EQ(value_type<Value>().name, TypeParam::kName);
  EXPECT_EQ(value_type<Value>().schema, TypeParam::kSchema);
  EXPECT_EQ(value_type<Value>().codec, codec_id(TypeParam::kName));
}

TYPED_TEST_P(CodecContract, BytesThatAreNoValueAreCorrupt) {
  for (const std::string& bytes : TypeParam::not_values()) {
    const Result<EntryRef> entry = this->decoded(bytes);
    ASSERT_FALSE(entry.ok()) << bytes;
    EXPECT_EQ(entry.error().code, ErrorCode::kCorrupt);
    EXPECT_FALSE(entry.error().message.empty());
  }
}

// A value that such bytes decode to is a value like any other.
TYPED_TEST_P(CodecContract, DamagedBytesAreAnErrorOrAValue) {
  using Value = typename TypeParam::Value;
  std::size_t decided = 0;
  const auto check = [&](std::string_view bytes) {
    const Result<EntryRef> entry = this->decoded(bytes);
    ++decided;
    if (entry) {
      EXPECT_TRUE(this->decoded(this->encoded((*entry)->template value<Value>())).ok());
    } else {
      EXPECT_EQ(entry.error().code, ErrorCode::kCorrupt);
    }
  };
  for (const Value& value : TypeParam::values()) {
    const std::string bytes = this->encoded(value);
    for (std::size_t size = 0; size <= bytes.size(); ++size) check(bytes.substr(0, size));
    testkit::for_each_seed(50, [&](testkit::Random& random) {
      std::string damaged = bytes + "x";
      const std::size_t at = random.below(damaged.size());
      damaged[at] = static_cast<char>(random.below(256));
      check(damaged);
    });
  }
  EXPECT_GT(decided, 0u);
}

TYPED_TEST_P(CodecContract, ALargerValueOwnsNoLess) {
  using Value = typename TypeParam::Value;
  for (const Value& value : TypeParam::values()) {
    const std::size_t owned = value_type<Value>().owned_bytes(&value);
    const std::string bytes = this->encoded(value);
    if (bytes.size() > 4 * sizeof(Value)) {
      EXPECT_GE(owned, bytes.size() / 4);
    }
  }
}

REGISTER_TYPED_TEST_SUITE_P(CodecContract, WhatIsEncodedDecodesToTheSame,
                            ItsNameAndSchemaAreThoseOfWhatIsStored, BytesThatAreNoValueAreCorrupt,
                            DamagedBytesAreAnErrorOrAValue, ALargerValueOwnsNoLess);

}  // namespace strata::contract
