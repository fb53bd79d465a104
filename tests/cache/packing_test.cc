// What tiers below memory get: compressed, encrypted, and what is made of what they give back.
#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "cache/cache_fixture.h"
#include "strata/codecs/encryption.h"
#include "testkit/random.h"

namespace strata::testkit {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<const KeyRing> ring_of(const std::string& keys) {
  return KeyRing::parse(keys, "keys").value();
}

class PackingTest : public CacheFixture {
 protected:
  Cache make(std::shared_ptr<const KeyRing> keys, std::size_t tier_count = 1) {
    keys_ = std::move(keys);
    return make_cache(tier_count);
  }

  // As a look-up finds it that memory cannot answer.
  static Lookup<std::string> get_from_below(Cache& cache, Keyspace<std::string>& values,
                                            const char* id) {
    empty_memory(cache);
    return values.get(id);
  }

  Record stored(Keyspace<std::string>& values, const char* id, std::size_t tier = 0) {
    const Key key = values.key({.identifier = id}).value();
    return **tiers_[tier]->get(key.ref(), {});
  }
  void change(Keyspace<std::string>& values, const char* id,
              const std::function<void(Record&)>& how) {
    const Key key = values.key({.identifier = id}).value();
    Record record = **tiers_[0]->get(key.ref(), {});
    how(record);
    ASSERT_EQ(*tiers_[0]->put(key.ref(), &record, tiers_[0]->position(), {}), FillOutcome::kStored);
  }

  static std::uint64_t misses(const Cache& cache, MissReason reason) {
    std::uint64_t sum = 0;
    for (const KeyspaceStats& stats : cache.stats().keyspaces) {
      sum += stats.misses[static_cast<std::size_t>(reason)];
    }
    return sum;
  }

  Record keep_;  // from one cache to the next
  const std::string first_key_ = make_encryption_key().value();
  const std::string second_key_ = make_encryption_key().value();
  const std::string long_text_ = [] {
    std::string text;
    for (int i = 0; i < 1'000; ++i) text += "line " + std::to_string(i) + " of a text; ";
    return text;
  }();
};

TEST_F(PackingTest, ALargeValueIsCompressedBelowMemoryAndComesBackWhole) {
  Cache cache = make(nullptr);
  auto values = cache.keyspace<std::string>("text");
  ASSERT_TRUE(values.put("long", long_text_).ok());
  ASSERT_TRUE(values.put("short", "short").ok());
  const Record record = stored(values, "long");
  EXPECT_EQ(record.compression, CompressionId::kZstd);
  EXPECT_EQ(record.raw_size, long_text_.size());
  EXPECT_LT(record.payload.size(), long_text_.size() / 4);
  EXPECT_EQ(stored(values, "short").compression, CompressionId::kNone);
  EXPECT_EQ(get_from_below(cache, values, "long").value(), long_text_);
  EXPECT_EQ(get_from_below(cache, values, "short").value(), "short");
  empty_memory(cache);
  EXPECT_EQ(values.get_many({"long"}).at(0).value(), long_text_);
}

TEST_F(PackingTest, EveryMethodIsReadWhateverTheKeyspaceWritesNow) {
  for (const CompressionId method :
       {CompressionId::kNone, CompressionId::kZlib, CompressionId::kZstd, CompressionId::kLz4}) {
    Cache cache = make(nullptr);
    KeyspaceOptions options;
    options.compression.method = method;
    auto values = cache.keyspace<std::string>("text", options);
    ASSERT_TRUE(values.put("1", long_text_).ok());
    EXPECT_EQ(stored(values, "1").compression, method);
    EXPECT_EQ(get_from_below(cache, values, "1").value(), long_text_);
  }
}

TEST_F(PackingTest, WhatPackingSavesIsCounted) {
  Cache cache = make(nullptr);
  auto values = cache.keyspace<std::string>("text");
  ASSERT_TRUE(values.put("1", long_text_).ok());
  ASSERT_TRUE(values.put("2", "short").ok());
  const KeyspaceStats stats = cache.stats().keyspaces.at(0);
  const std::uint64_t packed = stored(values, "1").payload.size() + 5;
  EXPECT_EQ(stats.value_bytes, long_text_.size() + 5);
  EXPECT_EQ(stats.stored_bytes, packed);
  EXPECT_EQ(stats.compressed, 1u);
  EXPECT_EQ(stats.bytes_saved(), long_text_.size() + 5 - packed);
  EXPECT_GT(stats.compression_ratio(), 4.0);
}

TEST_F(PackingTest, ARefreshOfTheSameLargeValueLeavesItsDependantsAlone) {
  Cache cache = make(nullptr);
  auto values = cache.keyspace<std::string>("text");
  const auto load = [&](Load&) { return long_text_; };
  (void)values.get_or_load("1", load);
  const Ticket before = tiers_[0]->position();
  clock_->advance(minutes(6));
  (void)values.get_or_load("1", load, {.stale_for = minutes(10)});
  executor_->run_all();
  EXPECT_EQ(tiers_[0]->position(), before) << "no invalidation";
}

TEST_F(PackingTest, ABombIsAMissThatIsSaidOnce) {
  Cache cache = make(nullptr);
  auto values = cache.keyspace<std::string>("text");
  for (const char* id : {"1", "2", "3"}) {
    ASSERT_TRUE(values.put(id, long_text_).ok());
    change(values, id, [](Record& record) { record.raw_size = 100; });
    EXPECT_FALSE(get_from_below(cache, values, id));
  }
  EXPECT_EQ(misses(cache, MissReason::kCorrupt), 3u);
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0],
              HasSubstr("compression: reading values of text in records failed (corrupt)"));
  int loads = 0;
  const auto load = [&](Load&) { return ++loads, std::string("again"); };
  EXPECT_EQ(values.get_or_load("1", load).value(), "again");
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "again");
}

TEST_F(PackingTest, ALevelThatTheMethodDoesNotHaveIsRefused) {
  Cache cache = make(nullptr);
  KeyspaceOptions options;
  options.compression = {.method = CompressionId::kZlib, .level = 12};
  auto values = cache.keyspace<std::string>("text", options);
  ASSERT_FALSE(values.status().ok());
  EXPECT_THAT(values.status().error().message,
              HasSubstr("compression of keyspace 'text': zlib has no compression level 12"));
}

KeyspaceOptions encrypted(bool sensitive = false) {
  KeyspaceOptions options;
  options.encrypt = true;
  options.sensitive = sensitive;
  return options;
}

TEST_F(PackingTest, AnEncryptedKeyspaceShowsNothingOfItsValuesBelowMemory) {
  Cache cache = make(ring_of(first_key_), 2);
  auto values = cache.keyspace<std::string>("secret", encrypted(true));
  const std::string secret = "the secret of ";
  ASSERT_TRUE(values.put("long", secret + long_text_).ok());
  ASSERT_TRUE(values.put("short", secret + "few words").ok());
  for (const char* id : {"long", "short"}) {
    for (const std::size_t tier : {0u, 1u}) {
      const Record record = stored(values, id, tier);
      EXPECT_TRUE(record.encrypted);
      EXPECT_EQ(record.payload.find(secret), std::string::npos);
    }
    EXPECT_THAT(get_from_below(cache, values, id).value(), HasSubstr(secret));
  }
  EXPECT_EQ(stored(values, "long").compression, CompressionId::kZstd);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(PackingTest, WhatADeepTierHasIsPromotedAsItIs) {
  Cache cache = make(ring_of(first_key_), 2);
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "value").ok());
  const Key key = values.key({.identifier = "1"}).value();
  const Label label(LabelKind::kKey, key.text());
  tiers_[0]->invalidate(std::span(&label, 1));
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "value");
  EXPECT_EQ(stored(values, "1", 0).payload, stored(values, "1", 1).payload);
}

TEST_F(PackingTest, ASensitiveKeyspaceThatIsNotEncryptedStaysInMemory) {
  Cache cache = make(ring_of(first_key_));
  KeyspaceOptions options;
  options.sensitive = true;
  auto values = cache.keyspace<std::string>("secret", options);
  ASSERT_TRUE(values.put("1", "value").ok());
  EXPECT_EQ(values.get("1").value(), "value");
  EXPECT_FALSE(get_from_below(cache, values, "1"));
}

TEST_F(PackingTest, WithoutKeysNothingOfAnEncryptedKeyspaceLeavesMemoryAndItIsSaidOnce) {
  Cache cache = make(nullptr);
  auto values = cache.keyspace<std::string>("secret", encrypted());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(values.put(std::to_string(i), "value").ok());
  (void)values.get_or_load("10", [](Load&) { return std::string("value"); });
  EXPECT_EQ(values.get("1").value(), "value");
  EXPECT_EQ(values.get("10").value(), "value");
  EXPECT_EQ(tiers_[0]->stats().entries, 0u);
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0], HasSubstr("encryption: writing values of secret failed (unavailable)"));
}

TEST_F(PackingTest, AnAbsenceIsEncryptedToo) {
  Cache cache = make(ring_of(first_key_));
  KeyspaceOptions options = encrypted();
  options.negative_ttl = minutes(1);
  auto values = cache.keyspace<std::string>("secret", options);
  const auto nothing = [](Load&) -> std::optional<std::string> { return std::nullopt; };
  (void)values.get_or_load("1", nothing);
  EXPECT_TRUE(stored(values, "1").encrypted);
  EXPECT_EQ(get_from_below(cache, values, "1").outcome(), Outcome::kNegativeHit);
  change(values, "1", [](Record& record) {
    record.encrypted = false;
    record.payload.clear();
  });
  EXPECT_EQ(get_from_below(cache, values, "1").outcome(), Outcome::kMiss);
}

TEST_F(PackingTest, ALostKeyIsAMissWithItsReasonThatIsSaidOnceAndLoadsGoOn) {
  {
    Cache cache = make(ring_of(first_key_));
    auto values = cache.keyspace<std::string>("secret", encrypted());
    ASSERT_TRUE(values.put("1", "value").ok());
    keep_ = stored(values, "1");
  }
  Cache cache = make(ring_of(second_key_));
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "other").ok());
  change(values, "1", [&](Record& record) { record = keep_; });
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(get_from_below(cache, values, "1"));
  EXPECT_EQ(misses(cache, MissReason::kNoKey), 5u);
  EXPECT_EQ(cache.explain(values.key({.identifier = "1"}).value()).miss, MissReason::kNoKey);
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0], HasSubstr("which is not among the keys given"));
  EXPECT_EQ(log_[0].find(first_key_), std::string::npos);
  const auto tier = [&] { return cache.stats().tiers.at(1).tier; };
  EXPECT_EQ(tier().state, TierState::kDegraded);
  EXPECT_THAT(tier().reason, HasSubstr("values of keyspace \"secret\" cannot be read"));
  EXPECT_EQ(tier().reason.find(first_key_), std::string::npos);
  clock_->advance(minutes(1));
  EXPECT_EQ(tier().state, TierState::kOk) << tier().reason;
  EXPECT_EQ(values.get_or_load("1", [](Load&) { return std::string("loaded"); }).value(), "loaded");
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "loaded");
}

TEST_F(PackingTest, AfterARotationWhatTheOldKeyEncryptedIsRead) {
  {
    Cache cache = make(ring_of(first_key_));
    auto values = cache.keyspace<std::string>("secret", encrypted());
    ASSERT_TRUE(values.put("1", "value").ok());
    keep_ = stored(values, "1");
  }
  Cache cache = make(ring_of(second_key_ + "\n" + first_key_));
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "other").ok());
  const std::string by_second = to_string(encryption_key_of(stored(values, "1")).value());
  change(values, "1", [&](Record& record) { record = keep_; });
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "value");
  const Explanation why = cache.explain(values.key({.identifier = "1"}).value());
  EXPECT_NE(why.places.back().encryption_key, by_second);
  EXPECT_THAT(why.places.back().encryption_key, SizeIs(16));
}

TEST_F(PackingTest, ARecordThatWasExchangedIsAMissThatSaysSo) {
  Cache cache = make(ring_of(first_key_));
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "one").ok());
  ASSERT_TRUE(values.put("2", "two").ok());
  const Record other = stored(values, "2");
  change(values, "1", [&](Record& record) { record.payload = other.payload; });
  EXPECT_FALSE(get_from_below(cache, values, "1"));
  EXPECT_EQ(values.get_many({"1"}).at(0).outcome(), Outcome::kMiss);
  EXPECT_EQ(misses(cache, MissReason::kTampered), 2u);
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0], HasSubstr("the record was changed, or belongs elsewhere"));
}

TEST_F(PackingTest, PlainTextPutInPlaceOfAnEncryptedValueIsNotServed) {
  Cache cache = make(ring_of(first_key_));
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "one").ok());
  change(values, "1", [](Record& record) {
    record.encrypted = false;
    record.payload = "forged";
    record.raw_size = 6;
  });
  EXPECT_FALSE(get_from_below(cache, values, "1"));
  EXPECT_EQ(misses(cache, MissReason::kVersion), 1u);
}

TEST_F(PackingTest, WhatWasEncryptedIsReadAfterEncryptionIsSwitchedOff) {
  {
    Cache cache = make(ring_of(first_key_));
    auto values = cache.keyspace<std::string>("text", encrypted());
    ASSERT_TRUE(values.put("1", "value").ok());
    keep_ = stored(values, "1");
  }
  Cache cache = make(ring_of(first_key_));
  auto values = cache.keyspace<std::string>("text");
  ASSERT_TRUE(values.put("1", "other").ok());
  EXPECT_FALSE(stored(values, "1").encrypted);
  change(values, "1", [&](Record& record) { record = keep_; });
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "value");
}

TEST_F(PackingTest, ATouchedValueStaysReadable) {
  Cache cache = make(ring_of(first_key_));
  auto values = cache.keyspace<std::string>("secret", encrypted());
  ASSERT_TRUE(values.put("1", "value").ok());
  ASSERT_TRUE(*values.touch("1", minutes(60)));
  clock_->advance(minutes(30));
  EXPECT_EQ(get_from_below(cache, values, "1").value(), "value");
}

}  // namespace
}  // namespace strata::testkit
