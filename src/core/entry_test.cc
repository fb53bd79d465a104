// Tests of entries: layout, lifetime, footprint.
#include "strata/core/entry.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/slab_heap.h"
#include "testkit/sanitizer.h"

namespace strata {
namespace {

// Counts how many of it are alive.
struct Counted {
  static inline int alive = 0;
  explicit Counted(int n) : number(n) { ++alive; }
  Counted(Counted&& other) noexcept : number(other.number) { ++alive; }
  ~Counted() { --alive; }
  int number;
};

// Not trivially copyable, since gcc notes how it passes those by value.
struct alignas(64) Wide {
  Wide() = default;
  Wide(Wide&&) noexcept {}
  std::uint64_t words[16] = {};
};

}  // namespace

template <>
struct Codec<Wide> {
  static constexpr std::string_view kName = "wide";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Wide&) { return std::string("wide"); }
  static Result<Wide> decode(std::string_view bytes) {
    if (bytes != "wide") return Error{ErrorCode::kCorrupt, "not wide", {}};
    return Wide();
  }
};

template <>
struct Codec<Counted> {
  static constexpr std::string_view kName = "counted";
  static constexpr std::uint64_t kSchema = 1;
  static Result<std::string> encode(const Counted& value) { return std::to_string(value.number); }
  static Result<Counted> decode(std::string_view bytes) {
    if (bytes.empty()) return Error{ErrorCode::kUnavailable, "no digits", {}};
    return Counted(std::stoi(std::string(bytes)));
  }
};

namespace {

Key key_of(std::string_view identifier) {
  return Key::make({.keyspace = "test", .identifier = std::string(identifier)}).value();
}

Key long_key(char filler) {
  return Key::make({.keyspace = "test", .params = {{"p", std::string(300, filler)}}}).value();
}

TEST(Entry, HoldsKeyAndValue) {
  const Key key = key_of("42");
  const EntryRef entry = Entry::make(key, std::string("value"));
  EXPECT_EQ(entry->key_text(), key.text());
  EXPECT_EQ(entry->hash(), key.hash());
  EXPECT_EQ(entry->key().text, key.text());
  EXPECT_TRUE(entry->has_key(key));
  EXPECT_FALSE(entry->negative());
  EXPECT_EQ(entry->value<std::string>(), "value");
  EXPECT_EQ(&entry->type(), &value_type<std::string>());
  EXPECT_EQ(entry->encode().value(), "value");
}

TEST(Entry, StartsWithoutLimitsOfTime) {
  const EntryRef entry = Entry::make(key_of("42"), 7);
  EXPECT_EQ(entry->fresh_until(), kNever);
  EXPECT_EQ(entry->keep_until(), kNever);
  entry->set_times({Duration(1)}, {Duration(2)});
  entry->set_retry_at({Duration(3)});
  EXPECT_EQ(entry->fresh_until(), Instant{Duration(1)});
  EXPECT_EQ(entry->keep_until(), Instant{Duration(2)});
  EXPECT_EQ(entry->retry_at(), Instant{Duration(3)});
}

TEST(Entry, DestroysItsValueWithTheLastReference) {
  ASSERT_EQ(Counted::alive, 0);
  EntryRef first = Entry::make(key_of("42"), Counted(7));
  EXPECT_EQ(Counted::alive, 1);
  EntryRef second = first;
  EntryRef third = std::move(first);
  EXPECT_FALSE(first);  // NOLINT: moved from, on purpose
  second = EntryRef();
  EXPECT_EQ(Counted::alive, 1);
  const EntryRef& same = third;
  third = same;
  EXPECT_EQ(Counted::alive, 1);
  Entry* released = third.release();
  EXPECT_FALSE(third);
  EXPECT_EQ(Counted::alive, 1);
  { const EntryRef adopted(released); }
  EXPECT_EQ(Counted::alive, 0);
}

TEST(Entry, ValuesStandAtTheirAlignment) {
  for (int length = 0; length < 70; ++length) {
    const Key key = key_of(std::string(static_cast<std::size_t>(length), 'x'));
    const EntryRef entry = Entry::make(key, Wide{});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(entry->raw_value()) % alignof(Wide), 0u);
    EXPECT_EQ(entry->key_text(), key.text());
    const EntryRef small = Entry::make(key, std::uint64_t{1});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(small->raw_value()) % alignof(std::uint64_t), 0u);
  }
}

TEST(Entry, DecodesWhatItEncodes) {
  const EntryRef entry = Entry::make(key_of("42"), Counted(7));
  const Result<EntryRef> back =
      Entry::decode(key_of("42"), value_type<Counted>(), entry->encode().value());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->value<Counted>().number, 7);
}

TEST(Entry, WhatDoesNotDecodeIsCorruptAndLeavesNothingBehind) {
  const int alive = Counted::alive;
  const Result<EntryRef> failed = Entry::decode(key_of("42"), value_type<Counted>(), "");
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, ErrorCode::kCorrupt) << "whatever the codec called it";
  EXPECT_EQ(failed.error().message,
            "the value of key \"1:test::42:\" does not decode as \"counted\": no digits");
  EXPECT_FALSE(Entry::decode(key_of("42"), value_type<Counted>(), "x").ok()) << "it throws";
  EXPECT_FALSE(Entry::decode(key_of("42"), value_type<Wide>(), "x").ok());
  EXPECT_EQ(Counted::alive, alive);
}

TEST(Entry, ANegativeOneHasAKeyAndATypeAndNoValue) {
  const Key key = key_of("42");
  const EntryRef entry = Entry::make_negative(key, value_type<Wide>());
  EXPECT_TRUE(entry->negative());
  EXPECT_TRUE(entry->has_key(key));
  EXPECT_EQ(&entry->type(), &value_type<Wide>());
  EXPECT_EQ(entry->encode().value(), "");
  EXPECT_LT(entry->footprint_bytes(), Entry::make(key, Wide{})->footprint_bytes());
}

TEST(Entry, LongParametersArePartOfTheKey) {
  const Key key = long_key('a');
  const EntryRef entry = Entry::make(key, 7);
  EXPECT_EQ(entry->key().long_params, key.long_params());
  EXPECT_TRUE(entry->has_key(key));
  EXPECT_FALSE(entry->has_key({key.text(), key.hash(), {}}));
  // As if two parameters had one hash: the text is the same, the parameters are not.
  EXPECT_FALSE(entry->has_key({key.text(), key.hash(), long_key('b').long_params()}));

  const EntryRef plain = Entry::make(key_of("42"), 7);
  EXPECT_FALSE(plain->has_key({plain->key_text(), plain->hash(), "p=v"}));
}

TEST(Entry, KeysOfTheSameHashAreToldApart) {
  const EntryRef entry = Entry::make(key_of("42"), 7);
  EXPECT_FALSE(entry->has_key({"1:test::43:", entry->hash(), {}}));
  EXPECT_FALSE(entry->has_key({entry->key_text(), entry->hash() + 1, {}}));
}

TEST(EntryDeathTest, DetailsMayNotLoseTheLongParameters) {
  const EntryRef entry = Entry::make(long_key('a'), 7);
  EXPECT_DEATH(entry->set_details(std::make_unique<EntryDetails>()), "long_params");
}

TEST(Entry, DetailsReplaceThoseThatOnlyHeldTheParameters) {
  const Key key = long_key('a');
  const EntryRef entry = Entry::make(key, 7);
  auto details = std::make_unique<EntryDetails>();
  details->long_params = key.long_params();
  details->version = "7";
  entry->set_details(std::move(details));
  EXPECT_EQ(entry->details()->version, "7");
  EXPECT_TRUE(entry->has_key(key));
}

TEST(Entry, DetailsAndLabelsAreKeptWhicheverAreSetFirst) {
  for (const std::size_t count : {0, 1, 3}) {
    const Labels labels(count, tag("a"));
    for (const bool labels_first : {false, true}) {
      const EntryRef entry = Entry::make(key_of("42"), 7);
      if (labels_first) entry->set_labels(labels);
      auto details = std::make_unique<EntryDetails>();
      details->version = "7";
      entry->set_details(std::move(details));
      if (!labels_first) entry->set_labels(labels);
      EXPECT_EQ(entry->details()->version, "7");
      ASSERT_EQ(entry->labels().size(), count);
      EXPECT_TRUE(std::equal(labels.begin(), labels.end(), entry->labels().begin()));
      if (count > 0) {
        const Label equal = tag("a");
        entry->share_label(count - 1, equal);
        EXPECT_TRUE(entry->labels()[count - 1].shares_with(equal));
      }
      entry->set_labels({});
      EXPECT_TRUE(entry->labels().empty());
      EXPECT_EQ(entry->details()->version, "7");
    }
  }
}

TEST(Entry, ItsLoadCostIsKnownToSevenDigits) {
  const EntryRef entry = Entry::make(key_of("42"), 7);
  EXPECT_EQ(entry->load_cost(), Duration(0));
  for (const Duration cost : {Duration(1), Duration(16'777'216), Duration(250'000'000)}) {
    entry->set_load_cost(cost);
    EXPECT_EQ(entry->load_cost(), cost);
  }
  entry->set_load_cost(std::chrono::hours(1) + Duration(1));
  EXPECT_NEAR(static_cast<double>(entry->load_cost().count()), 3.6e12, 3.6e12 * 1e-7);
  entry->set_load_cost(Duration::max());
  EXPECT_GE(entry->load_cost(), Duration::max() / 2);
  entry->set_load_cost(Duration(-5));
  EXPECT_EQ(entry->load_cost(), Duration(-5));
}

TEST(Entry, LabelsAreThoseThatWereSetLast) {
  const EntryRef entry = Entry::make(key_of("42"), 7);
  EXPECT_TRUE(entry->labels().empty());
  entry->set_labels(Labels{tag("a"), tag("b")});
  const Labels last{tag("c"), keyspace("org"), everything()};
  entry->set_labels(last);
  EXPECT_TRUE(std::equal(last.begin(), last.end(), entry->labels().begin(), entry->labels().end()));
  const Label equal = tag("c");
  EXPECT_FALSE(entry->labels()[0].shares_with(equal));
  entry->share_label(0, equal);
  EXPECT_TRUE(entry->labels()[0].shares_with(equal));
}

#if !STRATA_SANITIZED
// What the allocator says that a block takes, its header included.
std::size_t used(const void* block) {
  constexpr std::size_t kHeader = 8;
  return ::malloc_usable_size(const_cast<void*>(block)) + kHeader;  // NOLINT: only read
}

// What came from the slab heap since `before`.
std::size_t taken_since(const internal::SlabUse& before) {
  return internal::slab_use().object_bytes - before.object_bytes;
}

TEST(Entry, ItsFootprintIsWhatItAllocated) {
  for (int length = 0; length < 64; ++length) {
    const Key key = key_of(std::string(static_cast<std::size_t>(length), 'x'));
    internal::SlabUse before = internal::slab_use();
    const EntryRef entry = Entry::make(key, std::uint64_t{1});
    EXPECT_EQ(entry->footprint_bytes(), taken_since(before));

    before = internal::slab_use();
    const EntryRef negative = Entry::make_negative(key, value_type<Wide>());
    EXPECT_EQ(negative->footprint_bytes(), taken_since(before));

    before = internal::slab_use();
    const EntryRef text = Entry::make(key, std::string(1000, 'x'));
    EXPECT_EQ(text->footprint_bytes(),
              taken_since(before) + used(text->value<std::string>().data()));
  }
}

TEST(Entry, ItsFootprintIncludesItsLabelsButNotTheirTexts) {
  const EntryRef entry = Entry::make(key_of("42"), std::uint64_t{1});
  const std::size_t without = entry->footprint_bytes();
  for (const std::size_t count : {1, 2, 3, 4, 32, 256}) {
    const Labels labels(count, tag("a text that the handles share"));
    entry->set_labels({});
    const internal::SlabUse before = internal::slab_use();
    entry->set_labels(labels);
    // One label is held by the entry itself.
    EXPECT_EQ(taken_since(before) > 0, count > 1);
    EXPECT_EQ(entry->footprint_bytes(), without + taken_since(before)) << count;
  }
  entry->set_labels({});
  EXPECT_EQ(entry->footprint_bytes(), without);
}

TEST(Entry, ItsFootprintIncludesItsDetails) {
  const EntryRef entry = Entry::make(key_of("42"), std::uint64_t{1});
  const std::size_t without = entry->footprint_bytes();
  auto details = std::make_unique<EntryDetails>();
  details->version = "an ETag that does not fit into the string itself";
  const std::size_t expected = used(details.get()) + used(details->version.data());
  EXPECT_EQ(details->footprint_bytes(), expected);
  const internal::SlabUse before = internal::slab_use();
  entry->set_details(std::move(details));
  EXPECT_EQ(entry->footprint_bytes(), without + expected + taken_since(before));
  EXPECT_GT(taken_since(before), 0u);
  entry->set_labels(Labels{tag("a"), tag("b")});
  EXPECT_EQ(entry->footprint_bytes(),
            without + expected + taken_since(before) + used(entry->labels().data()));
}
#endif

TEST(LabelGroup, TheSameLabelsHaveTheSameId) {
  const LabelGroup one({keyspace("user"), source("db")});
  const LabelGroup turned({source("db"), keyspace("user")});
  const LabelGroup twice({source("db"), keyspace("user"), source("db")});
  const LabelGroup other({keyspace("user")});
  EXPECT_EQ(one.id, turned.id);
  EXPECT_EQ(one.id, twice.id);
  EXPECT_NE(one.id, other.id);
  EXPECT_NE(one.id, LabelGroup({}).id);
  EXPECT_EQ(one.ids, (std::vector<LabelId>{keyspace("user").id(), source("db").id()}));
}

TEST(Ref, KeepsTheValueAlive) {
  const int alive = Counted::alive;
  Ref<const Counted> ref(Entry::make(key_of("42"), Counted(7)));
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref->number, 7);
  EXPECT_EQ((*ref).number, 7);
  EXPECT_EQ(ref.get()->number, 7);
  ref = {};
  EXPECT_EQ(Counted::alive, alive);
  EXPECT_FALSE(ref);
  EXPECT_EQ(ref.get(), nullptr);
}

TEST(Ref, OfANegativeEntryIsEmpty) {
  const Ref<const Counted> ref(Entry::make_negative(key_of("42"), value_type<Counted>()));
  EXPECT_FALSE(ref);
  EXPECT_EQ(ref.get(), nullptr);
}

}  // namespace
}  // namespace strata
