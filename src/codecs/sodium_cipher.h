// The one file that knows libsodium: secret memory, key ids, and the cipher.
//
// Threads   Thread-safe. sodium_ready() comes before everything else.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "strata/codecs/encryption.h"

namespace strata::internal {

inline constexpr std::size_t kNonceBytes = 24;
inline constexpr std::size_t kTagBytes = 16;

using Nonce = std::array<unsigned char, kNonceBytes>;

// Prepares the library; false if it cannot be used. Cheap to repeat.
[[nodiscard]] bool sodium_ready();

// Overwrites the bytes, also where nobody reads them any more.
void wipe_bytes(void* bytes, std::size_t size) noexcept;

struct FreeSecret {
  void operator()(unsigned char* secret) const noexcept;  // wipes first
};
// kEncryptionKeyBytes in memory that is locked, surrounded by guard pages and not dumped.
using Secret = std::unique_ptr<unsigned char[], FreeSecret>;  // NOLINT: the library's allocation
[[nodiscard]] Secret make_secret();                           // null without memory

// Reads base64, with or without padding, into the secret. False if it is not exactly one key.
[[nodiscard]] bool read_base64(std::string_view text, const Secret& secret);
[[nodiscard]] std::string write_base64(const Secret& secret);
[[nodiscard]] EncryptionKeyId id_of(const Secret& secret);

void fill_random(unsigned char* bytes, std::size_t size);

// Appends ciphertext and tag to `out`.
void append_sealed(std::string& out, std::string_view plain, std::string_view bound,
                   const Nonce& nonce, const Secret& key);
// The plain text, or nothing if a bit of anything is another. Precondition: `nonce` has its size.
[[nodiscard]] std::optional<std::string> open_sealed(std::string_view sealed,
                                                     std::string_view bound, std::string_view nonce,
                                                     const Secret& key);

}  // namespace strata::internal
