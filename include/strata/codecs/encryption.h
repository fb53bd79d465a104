// KeyRing: the secret keys by which payloads of records are encrypted, and decrypted again.
//
// XChaCha20-Poly1305, with a nonce of 24 random bytes from the kernel for every payload. The first
// key encrypts; all decrypt, so that what older keys encrypted stays readable until they are taken
// out of the ring. A key's id is a hash of the key: it stands in the payload, and nobody has to
// name keys. What the record says besides (key, long parameters, labels, version, codec, schema,
// size, compression, whether it is negative) is readable and bound to the payload: a record in
// which one of them was changed, or the payload was exchanged, does not decrypt. The record's
// lifetime and number are the tier's to change, and are not bound: docs/encryption.md says what
// that means.
//
//   auto keys = KeyRing::parse(text_of_keys, "/etc/strata/keys").value();
//   encrypt(record, *keys);
//   Result<std::string> payload = decrypt(record, keys.get());
//
// Threads   Thread-safe once made.
// Lifetime  The keys lie in locked, guarded memory and are wiped when the ring goes.
// Errors    kUnavailable: no key of the ring has that id. kCorrupt: it was changed, or is no
//           encrypted payload. kRejected: a text that is not of keys. No message has a key in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "strata/core/record.h"
#include "strata/core/result.h"

namespace strata {

inline constexpr std::size_t kEncryptionKeyBytes = 32;

// The first eight bytes of the BLAKE2b of the key, keyed by what it is for.
using EncryptionKeyId = std::array<unsigned char, 8>;

// As hexadecimal digits.
[[nodiscard]] std::string to_string(const EncryptionKeyId& id);

class KeyRing {
 public:
  // Keys of 32 bytes in base64, the current one first, separated by white space or commas; a line
  // that begins with # is a remark. `named` stands for the text in messages. Errors: kRejected.
  [[nodiscard]] static Result<std::shared_ptr<const KeyRing>> parse(std::string_view text,
                                                                    const std::string& named);
  ~KeyRing();
  KeyRing(const KeyRing&) = delete;
  KeyRing& operator=(const KeyRing&) = delete;

  // The current key's first. Never empty.
  [[nodiscard]] const std::vector<EncryptionKeyId>& ids() const;

  struct State;
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  explicit KeyRing(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A new random key as text.
[[nodiscard]] Result<std::string> make_encryption_key();

// Encrypts the payload, by the current key. The record is complete but for its lifetime, number
// and epoch. Precondition: it is not encrypted.
[[nodiscard]] Result<void> encrypt(Record& record, const KeyRing& keys);

// The payload of an encrypted record as it was before, without `keys` an error.
[[nodiscard]] Result<std::string> decrypt(const Record& record, const KeyRing* keys);

// By which key an encrypted payload says that it was encrypted; kCorrupt if it is none.
[[nodiscard]] Result<EncryptionKeyId> encryption_key_of(const Record& record);

// Overwrites a text that held keys.
void wipe(std::string& text) noexcept;

}  // namespace strata
