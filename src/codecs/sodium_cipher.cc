#include "codecs/sodium_cipher.h"

#include <sodium.h>

namespace strata::internal {
namespace {

constexpr std::string_view kIdContext = "strata encryption key id";

static_assert(kEncryptionKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kNonceBytes == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
static_assert(kTagBytes == crypto_aead_xchacha20poly1305_ietf_ABYTES);

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

bool sodium_ready() { return sodium_init() >= 0; }

void wipe_bytes(void* bytes, std::size_t size) noexcept { sodium_memzero(bytes, size); }

void FreeSecret::operator()(unsigned char* secret) const noexcept { sodium_free(secret); }

Secret make_secret() {
  return Secret(static_cast<unsigned char*>(sodium_malloc(kEncryptionKeyBytes)));
}

bool read_base64(std::string_view text, const Secret& secret) {
  for (const int variant :
       {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING,
        sodium_base64_VARIANT_URLSAFE, sodium_base64_VARIANT_URLSAFE_NO_PADDING}) {
    std::size_t size = 0;
    const int done = sodium_base642bin(secret.get(), kEncryptionKeyBytes, text.data(), text.size(),
                                       nullptr, &size, nullptr, variant);
    if (done == 0 && size == kEncryptionKeyBytes) return true;
  }
  return false;
}

std::string write_base64(const Secret& secret) {
  constexpr std::size_t kSize =
      sodium_base64_ENCODED_LEN(kEncryptionKeyBytes, sodium_base64_VARIANT_ORIGINAL);
  std::string text(kSize, '\0');
  sodium_bin2base64(text.data(), text.size(), secret.get(), kEncryptionKeyBytes,
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the library's final zero
  return text;
}

// BLAKE2b gives at least 16 bytes; the first eight are as good as any.
EncryptionKeyId id_of(const Secret& secret) {
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes_of(kIdContext), kIdContext.size(),
                     secret.get(), kEncryptionKeyBytes);
  EncryptionKeyId id;
  std::copy_n(hash.begin(), id.size(), id.begin());
  return id;
}

void fill_random(unsigned char* bytes, std::size_t size) { randombytes_buf(bytes, size); }

void append_sealed(std::string& out, std::string_view plain, std::string_view bound,
                   const Nonce& nonce, const Secret& key) {
  const std::size_t begin = out.size();
  out.resize(begin + plain.size() + kTagBytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(out) + begin, nullptr, bytes_of(plain),
                                             plain.size(), bytes_of(bound), bound.size(), nullptr,
                                             nonce.data(), key.get());
}

std::optional<std::string> open_sealed(std::string_view sealed, std::string_view bound,
                                       std::string_view nonce, const Secret& key) {
  if (sealed.size() < kTagBytes || nonce.size() != kNonceBytes) return std::nullopt;
  std::string plain(sealed.size() - kTagBytes, '\0');
  const int done = crypto_aead_xchacha20poly1305_ietf_decrypt(
      bytes_of(plain), nullptr, nullptr, bytes_of(sealed), sealed.size(), bytes_of(bound),
      bound.size(), bytes_of(nonce), key.get());
  if (done != 0) return std::nullopt;
  return plain;
}

}  // namespace strata::internal
