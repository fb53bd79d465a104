// Fuzz target: any bytes as the payload of a record, compressed, encrypted, or a described struct.
//
// The first byte says what the rest is taken for, the next four its recorded size.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "core/assert.h"
#include "core/byte_io.h"
#include "strata/codecs/compression.h"
#include "strata/codecs/encryption.h"
#include "strata/codecs/json.h"
#include "strata/codecs/members.h"
#include "strata/core/limits.h"

namespace {

struct Place {
  float height = 0;
  std::optional<strata::Json> about;
};
struct Person {
  std::string name;
  bool is_admin = false;
  std::vector<std::string> teams;
  std::map<std::int16_t, std::vector<Place>> places;
  std::array<std::uint64_t, 2> codes{};
};

}  // namespace

template <>
struct strata::Members<Place> {
  static constexpr std::string_view kName = "place";
  static constexpr auto kMembers =
      std::tuple(member("height", &Place::height), member("about", &Place::about));
};
template <>
struct strata::Members<Person> {
  static constexpr std::string_view kName = "person";
  static constexpr auto kMembers =
      std::tuple(member("name", &Person::name), member("is_admin", &Person::is_admin),
                 member("teams", &Person::teams), member("places", &Person::places),
                 member("codes", &Person::codes));
};

namespace {

// There is one encoding of what decodes, but for the text of a JSON value, which becomes canonical.
void check_struct(std::string_view bytes) {
  using PersonCodec = strata::Codec<Person>;
  const strata::Result<Person> person = PersonCodec::decode(bytes);
  if (!person) {
    STRATA_ASSERT(person.error().code == strata::ErrorCode::kCorrupt);
    return;
  }
  const std::string again = PersonCodec::encode(*person).value();
  STRATA_ASSERT(PersonCodec::encode(PersonCodec::decode(again).value()).value() == again);
  STRATA_ASSERT(PersonCodec::owned_bytes(*person) <= 1'000 + 300 * bytes.size());
}

// What decompresses has the recorded size, and comes back from what it is compressed to now.
void check_compressed(strata::CompressionId method, std::string_view bytes, std::uint32_t size) {
  static strata::Compressor compressor;
  const strata::Result<std::string> raw = compressor.decompress(method, bytes, size);
  if (!raw) {
    STRATA_ASSERT(raw.error().code == strata::ErrorCode::kCorrupt);
    STRATA_ASSERT(!raw.error().message.empty());
    return;
  }
  STRATA_ASSERT(raw->size() == size);
  const auto again = compressor.compress(*raw, {.method = method, .level = 1, .above_bytes = 0});
  if (!again) return;
  STRATA_ASSERT(compressor.decompress(method, *again, size).value() == *raw);
}

// Nobody who does not have the key makes anything that decrypts.
void check_encrypted(std::string_view bytes) {
  static const auto keys =
      strata::KeyRing::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "keys").value();
  strata::Record record;
  record.key_text = "1:user::42";
  record.encrypted = true;
  record.payload = bytes;
  STRATA_ASSERT(!strata::decrypt(record, keys.get()).ok());
  if (bytes.size() < 8) return;
  // Under the id of a key that is there.
  record.payload.replace(0, 8, reinterpret_cast<const char*>(keys->ids().front().data()), 8);
  const strata::Result<std::string> plain = strata::decrypt(record, keys.get());
  STRATA_ASSERT(!plain.ok());
  STRATA_ASSERT(plain.error().code == strata::ErrorCode::kCorrupt);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kSizeMost = 1u << 20;  // larger ones only take time
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  strata::internal::ByteReader reader(bytes);
  const auto method =
      strata::CompressionId{static_cast<std::uint8_t>(reader.number<std::uint8_t>() % 4)};
  const auto raw_size = reader.number<std::uint32_t>();
  const std::string_view rest = reader.bytes(reader.remaining());
  check_compressed(method, rest, raw_size % kSizeMost);
  check_encrypted(rest);
  check_struct(rest);
  (void)strata::KeyRing::parse(rest, "keys");
  return 0;
}
