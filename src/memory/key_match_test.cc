// Tests of the comparison of keys: each length, each place where texts may differ.
#include "memory/key_match.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "memory/test_entries.h"

namespace strata::memory {
namespace {

constexpr std::size_t kLongest = 100;

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < size; ++at) text += static_cast<char>('!' + at % 90);
  return text;
}

KeyRef key_of(const std::string& text, std::string_view long_params = {}) {
  return {text, key_hash(text), long_params};
}

TEST(KeyMatch, EqualTextsOfEachLengthMatch) {
  for (std::size_t size = 0; size <= kLongest; ++size) {
    const std::string text = text_of(size);
    const KeyRef key = key_of(text);
    EXPECT_TRUE(KeyMatch{&key}(*entry_with_key(text_of(size)))) << size;
  }
}

TEST(KeyMatch, OneByteThatDiffersIsSeenWhereverItIs) {
  for (std::size_t size = 1; size <= kLongest; ++size) {
    const EntryRef entry = entry_with_key(text_of(size));
    for (std::size_t at = 0; at < size; ++at) {
      std::string other = text_of(size);
      other[at] = static_cast<char>(other[at] ^ 1);
      const KeyRef key = key_of(other);
      ASSERT_FALSE(KeyMatch{&key}(*entry)) << "byte " << at << " of " << size;
    }
  }
}

TEST(KeyMatch, TheBeginningOfALongerTextIsAnotherKey) {
  for (std::size_t size = 1; size <= kLongest; ++size) {
    const std::string longer = text_of(size);
    const std::string shorter = text_of(size - 1);
    const KeyRef key = key_of(longer);
    const KeyRef beginning = key_of(shorter);
    EXPECT_FALSE(KeyMatch{&key}(*entry_with_key(shorter))) << size;
    EXPECT_FALSE(KeyMatch{&beginning}(*entry_with_key(longer))) << size;
  }
}

// Beside memory that is not theirs, which the address sanitizer knows.
TEST(KeyMatch, NothingBeyondTheTextsIsRead) {
  for (std::size_t size = 0; size <= kLongest; ++size) {
    const std::string text = text_of(size);
    const std::vector<char> one(text.begin(), text.end());
    const std::vector<char> other(text.begin(), text.end());
    EXPECT_TRUE(size == 0 || is_same(one.data(), other.data(), size)) << size;
  }
}

TEST(KeyMatch, LongParametersAreComparedBesideTheirHash) {
  const std::string text = "1:user:::#00112233445566778899aabbccddeeff";
  const EntryRef one = Entry::make<int>(key_of(text, "a=1"), 1);
  const KeyRef same = key_of(text, "a=1");
  const KeyRef other = key_of(text, "a=2");
  const KeyRef none = key_of(text);
  EXPECT_TRUE(KeyMatch{&same}(*one));
  EXPECT_FALSE(KeyMatch{&other}(*one));
  EXPECT_FALSE(KeyMatch{&none}(*one));
  EXPECT_FALSE(KeyMatch{&same}(*Entry::make<int>(none, 1)));
}

TEST(KeyMatch, DetailsOfAnotherKindDoNotMatter) {
  const std::string text = text_of(40);
  const EntryRef entry = entry_with_key(text);
  auto details = std::make_unique<EntryDetails>();
  details->version = "7";
  entry->set_details(std::move(details));
  const KeyRef key = key_of(text);
  EXPECT_TRUE(KeyMatch{&key}(*entry));
}

}  // namespace
}  // namespace strata::memory
