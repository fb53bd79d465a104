// What an encrypted payload looks like, and what it is bound to. docs/formats/record.md has both
// byte by byte.
#pragma once

#include <cstddef>
#include <string>

#include "codecs/sodium_cipher.h"
#include "strata/codecs/encryption.h"

namespace strata::internal {

// Everything that the record says and that no tier changes, in one unambiguous text.
[[nodiscard]] std::string bound_text(const Record& record);

// As encrypt(), by that key and nonce.
void encrypt_with(Record& record, const EncryptionKeyId& id, const Secret& key, const Nonce& nonce);

}  // namespace strata::internal
