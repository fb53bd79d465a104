#include "strata/codecs/encryption.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "codecs/sealed_record.h"
#include "strata/codecs/compression.h"
#include "strata/core/limits.h"
#include "testkit/seeds.h"

namespace strata {
namespace {

std::shared_ptr<const KeyRing> ring_of(const std::vector<std::string>& keys) {
  std::string text;
  for (const std::string& key : keys) text += key + "\n";
  return KeyRing::parse(text, "keys").value();
}

std::string refusal(std::string_view text) {
  const auto ring = KeyRing::parse(text, "the variable KEYS");
  if (ring) return "parsed";
  EXPECT_EQ(ring.error().code, ErrorCode::kRejected);
  return ring.error().message;
}

Record record_of(std::string payload) {
  Record record;
  record.key_text = "1:user::42";
  record.group = {keyspace("user")};
  record.labels = {tag("org:7")};
  record.version = "e1";
  record.codec = 7;
  record.schema = 3;
  record.raw_size = static_cast<std::uint32_t>(payload.size());
  record.payload = std::move(payload);
  return record;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

const std::string kGoldenKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";  // 0, 1, 2, ... 31

TEST(KeyRing, TheFirstKeyIsTheCurrentOne) {
  const std::string first = make_encryption_key().value();
  const std::string second = make_encryption_key().value();
  EXPECT_NE(first, second);
  EXPECT_EQ(first.size(), 44u);
  const auto both = KeyRing::parse("# the keys\n" + first + " , " + second + "\n", "keys").value();
  ASSERT_EQ(both->ids().size(), 2u);
  EXPECT_EQ(both->ids()[0], ring_of({first})->ids()[0]);
  EXPECT_EQ(both->ids()[1], ring_of({second})->ids()[0]);
}

TEST(KeyRing, ReadsBase64InEveryUsualForm) {
  const std::string plain = "+/+/AwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  std::string url = plain;
  for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
  const auto expected = ring_of({plain})->ids();
  EXPECT_EQ(ring_of({plain.substr(0, 43)})->ids(), expected);
  EXPECT_EQ(ring_of({url})->ids(), expected);
  EXPECT_EQ(ring_of({url.substr(0, 43)})->ids(), expected);
}

TEST(KeyRing, WhatIsNoKeyIsRefusedByItsPlaceAndNotShown) {
  EXPECT_EQ(refusal(""), "the variable KEYS: has no key; write one with `strata config new-key`");
  EXPECT_EQ(refusal("# only a remark"), refusal(""));
  const std::string wrong = "the variable KEYS: key 2 is not 32 bytes in base64";
  EXPECT_EQ(refusal(kGoldenKey + "\nc2VjcmV0"), wrong);
  EXPECT_EQ(refusal(kGoldenKey + "," + kGoldenKey + "AAAA"), wrong);
  EXPECT_EQ(refusal(kGoldenKey + " not!base64"), wrong);
  EXPECT_EQ(refusal(kGoldenKey + " " + kGoldenKey), "the variable KEYS: key 2 stands there twice");
}

TEST(KeyRing, HoldsAsManyKeysAsTheLimitSays) {
  std::vector<std::string> keys;
  while (keys.size() < limits::kEncryptionKeys) keys.push_back(make_encryption_key().value());
  EXPECT_EQ(ring_of(keys)->ids().size(), limits::kEncryptionKeys);
  std::string text = kGoldenKey;
  for (const std::string& key : keys) text += "\n" + key;
  EXPECT_EQ(refusal(text), "the variable KEYS: has 65 keys; the limit is 64");
}

TEST(KeyRing, AWipedTextHoldsNothing) {
  std::string text = kGoldenKey;
  const char* bytes = text.data();
  const std::size_t size = text.size();
  wipe(text);
  EXPECT_TRUE(text.empty());
  // The room is the string's still.
  EXPECT_EQ(bytes, text.data());
  for (std::size_t i = 1; i < size; ++i) ASSERT_EQ(bytes[i], '\0');
}

TEST(Encryption, WhatIsEncryptedDecryptsToTheSame) {
  const auto keys = ring_of({kGoldenKey});
  testkit::for_each_seed(200, [&](testkit::Random& random) {
    const std::string payload = random.bytes(std::size_t{1} << random.between(0, 20));
    Record record = record_of(payload);
    ASSERT_TRUE(encrypt(record, *keys).ok());
    ASSERT_TRUE(record.encrypted);
    ASSERT_EQ(record.payload.size(), payload.size() + kEncryptionOverheadBytes);
    if (payload.size() > 8) {
      ASSERT_EQ(record.payload.find(payload), std::string::npos);
    }
    // As a tier stores it.
    const Record stored = decode_record(encode_record(record).value()).value();
    ASSERT_EQ(decrypt(stored, keys.get()).value(), payload);
  });
}

// Bytes made by the library's own functions from the layout in docs/formats/record.md.
TEST(Encryption, TheBytesAreThoseOfTheFormat) {
  const auto keys = ring_of({kGoldenKey});
  EXPECT_EQ(to_string(keys->ids().front()), "f6edb0116df92411");
  internal::Secret secret = internal::make_secret();
  internal::Nonce nonce;
  for (std::size_t i = 0; i < kEncryptionKeyBytes; ++i) secret[i] = static_cast<unsigned char>(i);
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<unsigned char>(100 + i);
  Record record = record_of("secret");
  EXPECT_EQ(
      hex(internal::bound_text(record)),
      "15000000737472617461207265636f7264207061796c6f616401000000060000000700000003000000000000"
      "00000000000000000000"
      "0a000000313a757365723a3a343200000000020000006531010000000304000000757365720100000002050000"
      "006f72673a37");
  internal::encrypt_with(record, keys->ids().front(), secret, nonce);
  EXPECT_EQ(
      hex(record.payload),
      "f6edb0116df924116465666768696a6b6c6d6e6f707172737475767778797a7b0f169ac29a5aebaf8d91520a72"
      "f95b95455cb4e5396c");
  EXPECT_EQ(decrypt(record, keys.get()).value(), "secret");
}

TEST(Encryption, NoNonceComesTwice) {
  const auto keys = ring_of({kGoldenKey});
  std::set<std::string> nonces;
  for (int i = 0; i < 10'000; ++i) {
    Record record = record_of("same");
    ASSERT_TRUE(encrypt(record, *keys).ok());
    nonces.insert(record.payload.substr(8, 24));
  }
  EXPECT_EQ(nonces.size(), 10'000u);
}

TEST(Encryption, AnAbsenceIsBoundToo) {
  const auto keys = ring_of({kGoldenKey});
  Record record = record_of("");
  record.negative = true;
  ASSERT_TRUE(encrypt(record, *keys).ok());
  const Record stored = decode_record(encode_record(record).value()).value();
  EXPECT_EQ(decrypt(stored, keys.get()).value(), "");
  Record changed = stored;
  changed.negative = false;
  EXPECT_EQ(decrypt(changed, keys.get()).error().code, ErrorCode::kCorrupt);
}

TEST(Encryption, WhatAnyPartOfWasChangedDoesNotDecrypt) {
  const auto keys = ring_of({kGoldenKey});
  Record good = record_of("a value that nobody may change");
  ASSERT_TRUE(encrypt(good, *keys).ok());
  const std::vector<std::pair<const char*, std::function<void(Record&)>>> changes{
      {"key", [](Record& r) { r.key_text = "1:user::43"; }},
      {"parameters", [](Record& r) { r.long_params = "x"; }},
      {"keyspace", [](Record& r) { r.group = {keyspace("users")}; }},
      {"labels gone", [](Record& r) { r.labels.clear(); }},
      {"label's kind", [](Record& r) { r.labels = {schema("org:7")}; }},
      {"group to labels",
       [](Record& r) { r.labels.insert(r.labels.begin(), r.group.begin(), r.group.end()); }},
      {"version", [](Record& r) { r.version = "e2"; }},
      {"modified", [](Record& r) { r.source_last_modified = WallTime{}; }},
      {"codec", [](Record& r) { r.codec = 8; }},
      {"schema", [](Record& r) { r.schema = 4; }},
      {"compression", [](Record& r) { r.compression = CompressionId::kLz4; }},
      {"size", [](Record& r) { r.raw_size += 1; }},
      {"shorter", [](Record& r) { r.payload.pop_back(); }},
      {"longer", [](Record& r) { r.payload += '\0'; }}};
  for (const auto& [name, change] : changes) {
    Record changed = good;
    change(changed);
    const Result<std::string> got = decrypt(changed, keys.get());
    ASSERT_FALSE(got.ok()) << name;
    EXPECT_EQ(got.error().code, ErrorCode::kCorrupt) << name;
    EXPECT_NE(got.error().message.find("was changed, or belongs elsewhere"), std::string::npos);
  }
  for (std::size_t bit = 64; bit < good.payload.size() * 8; ++bit) {
    Record changed = good;
    changed.payload[bit / 8] = static_cast<char>(changed.payload[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(decrypt(changed, keys.get()).error().code, ErrorCode::kCorrupt) << bit;
  }
}

// The lifetime and the number are the tier's: touch() changes the one, accepting sets the other.
TEST(Encryption, WhatATierChangesIsNotBound) {
  const auto keys = ring_of({kGoldenKey});
  Record record = record_of("value");
  ASSERT_TRUE(encrypt(record, *keys).ok());
  record.number = Ticket{77};
  record.epoch = 5;
  record.lifetime.written_wall.unix_ms = 1;
  record.load_cost_us = 9;
  EXPECT_EQ(decrypt(record, keys.get()).value(), "value");
}

TEST(Encryption, AfterARotationOldRecordsAreReadUntilTheirKeyIsTakenOut) {
  const std::string old_key = make_encryption_key().value();
  const std::string new_key = make_encryption_key().value();
  Record old_record = record_of("old");
  ASSERT_TRUE(encrypt(old_record, *ring_of({old_key})).ok());

  const auto rotated = ring_of({new_key, old_key});
  EXPECT_EQ(decrypt(old_record, rotated.get()).value(), "old");
  Record new_record = record_of("new");
  ASSERT_TRUE(encrypt(new_record, *rotated).ok());
  EXPECT_EQ(encryption_key_of(new_record).value(), rotated->ids()[0]);
  EXPECT_EQ(encryption_key_of(old_record).value(), rotated->ids()[1]);

  const auto afterwards = ring_of({new_key});
  EXPECT_EQ(decrypt(new_record, afterwards.get()).value(), "new");
  const Result<std::string> lost = decrypt(old_record, afterwards.get());
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(lost.error().message, "the value is encrypted by key " + to_string(rotated->ids()[1]) +
                                      ", which is not among the keys given");
}

TEST(Encryption, WithoutKeysTheErrorSaysWhichIsMissing) {
  Record record = record_of("value");
  ASSERT_TRUE(encrypt(record, *ring_of({kGoldenKey})).ok());
  const Result<std::string> got = decrypt(record, nullptr);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(got.error().message,
            "the value is encrypted by key f6edb0116df92411, and there are no keys");
}

TEST(Encryption, WhatIsNoEncryptedPayloadIsCorrupt) {
  const auto keys = ring_of({kGoldenKey});
  EXPECT_EQ(decrypt(record_of("plain"), keys.get()).error().code, ErrorCode::kCorrupt);
  Record record = record_of(std::string(kEncryptionOverheadBytes - 1, 'x'));
  record.encrypted = true;
  EXPECT_EQ(decrypt(record, keys.get()).error().code, ErrorCode::kCorrupt);
}

// A key that is wrong under the right id: what an attacker writes who knows the id.
TEST(Encryption, TheRightIdOfAnotherKeyDoesNotDecrypt) {
  const auto keys = ring_of({kGoldenKey});
  Record record = record_of("value");
  ASSERT_TRUE(encrypt(record, *ring_of({make_encryption_key().value()})).ok());
  std::memcpy(record.payload.data(), keys->ids().front().data(), 8);
  EXPECT_EQ(decrypt(record, keys.get()).error().code, ErrorCode::kCorrupt);
}

// What is stored, damaged at will: never another value, never a crash.
TEST(Encryption, OfAHundredThousandMutatedRecordsNoneGivesAnotherValue) {
  const auto keys = ring_of({kGoldenKey});
  Compressor compressor;
  std::string raw;
  while (raw.size() < 1'200) raw += R"({"id":)" + std::to_string(raw.size()) + R"(,"open":true},)";
  std::vector<std::string> stored;
  for (const CompressionId method :
       {CompressionId::kNone, CompressionId::kZlib, CompressionId::kZstd, CompressionId::kLz4}) {
    for (const bool is_encrypted : {false, true}) {
      Record record = record_of(raw);
      if (auto bytes = compressor.compress(raw, {.method = method, .above_bytes = 0})) {
        record.payload = std::move(*bytes);
        record.compression = method;
      }
      if (is_encrypted) {
        ASSERT_TRUE(encrypt(record, *keys).ok());
      }
      stored.push_back(encode_record(record).value());
    }
  }
  testkit::Random random(1);
  int wrong = 0;
  int values = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes = random.pick(stored);
    for (std::uint64_t left = random.between(1, 5); left > 0; --left) {
      bytes[random.below(bytes.size())] ^= static_cast<char>(1u << random.below(8));
    }
    if (random.one_in(8)) bytes.resize(random.below(bytes.size() + 1));
    const Result<Record> record = decode_record(bytes);
    if (!record) continue;
    Result<std::string> payload =
        record->encrypted ? decrypt(*record, keys.get()) : Result<std::string>(record->payload);
    if (!payload) continue;
    const auto value = compressor.decompress(record->compression, *payload, record->raw_size);
    if (!value) continue;
    ++values;
    if (*value != raw || record->key_text != "1:user::42") ++wrong;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_LT(values, 100) << "bits that cancel each other out leave a record whole";
}

}  // namespace
}  // namespace strata
