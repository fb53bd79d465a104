// KeyRing, encrypt and decrypt: see the header.
//
// An encrypted payload: key id (8 bytes), nonce (24), ciphertext (as long as the payload), tag
// (16).
#include "strata/codecs/encryption.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codecs/sealed_record.h"
#include "core/assert.h"
#include "core/byte_io.h"
#include "strata/core/limits.h"

namespace strata {

using internal::append_number;
using internal::kNonceBytes;
using internal::kTagBytes;

namespace {

constexpr std::string_view kPurpose = "strata record payload";
constexpr std::size_t kIdBytes = std::tuple_size_v<EncryptionKeyId>;
constexpr std::string_view kSeparators = " \t\r\n,";

static_assert(kIdBytes + kNonceBytes + kTagBytes == kEncryptionOverheadBytes);

Error rejected(const std::string& named, const std::string& why) {
  return {ErrorCode::kRejected, named + ": " + why, {}};
}

Error unusable() {
  return {ErrorCode::kUnavailable, "libsodium cannot be used on this machine", {}};
}

void append_text(std::string& out, std::string_view text) {
  append_number(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

void append_labels(std::string& out, const Labels& labels) {
  append_number(out, static_cast<std::uint32_t>(labels.size()));
  for (const Label& label : labels) {
    append_number(out, static_cast<std::uint8_t>(label.kind()));
    append_text(out, label.text());
  }
}

// The words of the text that are keys.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t begin = text.find_first_not_of(kSeparators);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const bool is_remark = text.front() == '#';
    const std::size_t end =
        std::min(is_remark ? text.find('\n') : text.find_first_of(kSeparators), text.size());
    if (!is_remark) words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

}  // namespace

struct KeyRing::State {
  std::vector<EncryptionKeyId> ids;
  std::vector<internal::Secret> secrets;  // in the same order

  [[nodiscard]] const internal::Secret* find(const EncryptionKeyId& id) const {
    const auto found = std::find(ids.begin(), ids.end(), id);
    return found == ids.end() ? nullptr : &secrets[static_cast<std::size_t>(found - ids.begin())];
  }
};

std::string to_string(const EncryptionKeyId& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : id) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

KeyRing::KeyRing(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeyRing::~KeyRing() = default;
const std::vector<EncryptionKeyId>& KeyRing::ids() const { return state_->ids; }

Result<std::shared_ptr<const KeyRing>> KeyRing::parse(std::string_view text,
                                                      const std::string& named) {
  if (!internal::sodium_ready()) return unusable();
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return rejected(named, "has no key; write one with `strata config new-key`");
  if (words.size() > limits::kEncryptionKeys) {
    return rejected(named, "has " + std::to_string(words.size()) + " keys; the limit is " +
                               std::to_string(limits::kEncryptionKeys));
  }
  auto state = std::make_unique<State>();
  for (std::size_t i = 0; i < words.size(); ++i) {
    internal::Secret secret = internal::make_secret();
    if (!secret) return unusable();
    if (!internal::read_base64(words[i], secret)) {
      return rejected(named, "key " + std::to_string(i + 1) + " is not " +
                                 std::to_string(kEncryptionKeyBytes) + " bytes in base64");
    }
    const EncryptionKeyId id = internal::id_of(secret);
    if (state->find(id) != nullptr) {
      return rejected(named, "key " + std::to_string(i + 1) + " stands there twice");
    }
    state->ids.push_back(id);
    state->secrets.push_back(std::move(secret));
  }
  return std::shared_ptr<const KeyRing>(new KeyRing(std::move(state)));
}

Result<std::string> make_encryption_key() {
  if (!internal::sodium_ready()) return unusable();
  const internal::Secret secret = internal::make_secret();
  if (!secret) return unusable();
  internal::fill_random(secret.get(), kEncryptionKeyBytes);
  return internal::write_base64(secret);
}

std::string internal::bound_text(const Record& record) {
  constexpr std::size_t kRoomForLabels = 256;
  std::string out;
  out.reserve(record.key_text.size() + record.long_params.size() + record.version.size() +
              kRoomForLabels);
  append_text(out, kPurpose);
  append_number(out, kRecordFormatVersion);
  append_number(out, static_cast<std::uint8_t>(record.negative ? 1 : 0));
  append_number(out, static_cast<std::uint8_t>(record.compression));
  append_number(out, record.raw_size);
  append_number(out, record.codec);
  append_number(out, record.schema);
  append_number(out, static_cast<std::uint8_t>(record.source_last_modified ? 1 : 0));
  append_number(out, record.source_last_modified.value_or(WallTime{}).unix_ms);
  append_text(out, record.key_text);
  append_text(out, record.long_params);
  append_text(out, record.version);
  append_labels(out, record.group);
  append_labels(out, record.labels);
  return out;
}

void internal::encrypt_with(Record& record, const EncryptionKeyId& id, const Secret& key,
                            const Nonce& nonce) {
  STRATA_ASSERT(!record.encrypted);
  std::string out;
  out.reserve(kEncryptionOverheadBytes + record.payload.size());
  out.append(reinterpret_cast<const char*>(id.data()), id.size());
  out.append(reinterpret_cast<const char*>(nonce.data()), nonce.size());
  append_sealed(out, record.payload, bound_text(record), nonce, key);
  record.payload = std::move(out);
  record.encrypted = true;
}

Result<void> encrypt(Record& record, const KeyRing& keys) {
  const KeyRing::State& ring = keys.state();
  internal::Nonce nonce;
  internal::fill_random(nonce.data(), nonce.size());
  internal::encrypt_with(record, ring.ids.front(), ring.secrets.front(), nonce);
  return {};
}

Result<EncryptionKeyId> encryption_key_of(const Record& record) {
  if (!record.encrypted || record.payload.size() < kEncryptionOverheadBytes) {
    return Error{ErrorCode::kCorrupt, "the payload is not an encrypted one", {}};
  }
  EncryptionKeyId id;
  std::copy_n(record.payload.begin(), kIdBytes, id.begin());
  return id;
}

Result<std::string> decrypt(const Record& record, const KeyRing* keys) {
  const Result<EncryptionKeyId> id = encryption_key_of(record);
  if (!id) return id.error();
  if (keys == nullptr) {
    return Error{ErrorCode::kUnavailable,
                 "the value is encrypted by key " + to_string(*id) + ", and there are no keys",
                 {}};
  }
  const internal::Secret* secret = keys->state().find(*id);
  if (secret == nullptr) {
    return Error{
        ErrorCode::kUnavailable,
        "the value is encrypted by key " + to_string(*id) + ", which is not among the keys given",
        {}};
  }
  const std::string_view sealed = record.payload;
  std::optional<std::string> plain =
      internal::open_sealed(sealed.substr(kIdBytes + kNonceBytes), internal::bound_text(record),
                            sealed.substr(kIdBytes, kNonceBytes), *secret);
  if (plain) return std::move(*plain);
  return Error{ErrorCode::kCorrupt,
               "the value does not decrypt by key " + to_string(*id) +
                   ": the record was changed, or belongs elsewhere",
               {}};
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // within its room: nothing is allocated
  internal::wipe_bytes(text.data(), text.size());
  text.clear();
}

}  // namespace strata
